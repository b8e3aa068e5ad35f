import type { Generation, Seat } from "@fleet/core";
import type { LocalFacts, LocalFile, UnitView } from "./machine-view.js";

/** Processes of the unit are there, or systemd is about to have them there by itself. */
export function isRunning(local: LocalFacts | undefined): boolean {
  return local !== undefined && !["inactive", "failed"].includes(local.activeState);
}

/** There is something to stop: a running unit, or one with a job in the queue. */
export function canBeStopped(local: LocalFacts | undefined): boolean {
  return local !== undefined && (isRunning(local) || local.hasJob);
}

/** systemd has the unit from fleet's own file, or had it until somebody masked it. */
export function isOurs(unit: UnitView): boolean {
  const { local } = unit;
  // A unit that was masked before it came here was refused, and has no file.
  return local?.fragmentPath === unit.path || (local?.loadState === "masked" && unit.file !== undefined);
}

/** The file, if there is one that can be read. */
export function readableFile(unit: UnitView): LocalFile | undefined {
  return unit.file === "unreadable" ? undefined : unit.file;
}

/** Something of the unit is on this machine. */
export function isThere(unit: UnitView): boolean {
  return unit.file !== undefined || (isOurs(unit) && canBeStopped(unit.local));
}

/** The generation whose start a seat asks for. */
export function generationOf(seat: Seat, bootId: string): Generation {
  return {
    bootId,
    seatRevision: seat.createRevision,
    contentId: seat.contentId,
    startCount: seat.startCount,
  };
}

/** Says whether two generations are one. */
export function isSameGeneration(a: Generation, b: Generation): boolean {
  return (
    a.bootId === b.bootId &&
    a.seatRevision === b.seatRevision &&
    a.contentId === b.contentId &&
    a.startCount === b.startCount
  );
}
