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

/** fleet had the unit here: there is a file of it, or it is remembered that it was started. */
export function hasTrace(unit: UnitView): boolean {
  return unit.file !== undefined || unit.starts.kind !== "never";
}

/** systemd has found no file for the unit. It may run all the same, if its file was deleted after its start. */
export function isFileless({ local }: UnitView): boolean {
  return local?.loadState === "not-found";
}

/** systemd has the unit from fleet's own file, or had it until somebody masked it or deleted its file. */
export function isOurs(unit: UnitView): boolean {
  const { local } = unit;
  if (local?.fragmentPath === unit.path) return true;
  // A unit that was masked before it came here was refused, and has left no trace.
  return (local?.loadState === "masked" || (isFileless(unit) && canBeStopped(local))) && hasTrace(unit);
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
