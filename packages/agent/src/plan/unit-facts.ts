import { type Generation, isTombstone, type Seat } from "@fleet/core";
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

/**
 * systemd has found no file for the unit, or would find none where it has found one. It may run all the same, if its file
 * was deleted, or its link taken away, after its start.
 */
export function isFileless({ local }: UnitView): boolean {
  return local !== undefined && hasNoFile(local);
}

/** The same, of what systemd says. */
export function hasNoFile({ loadState, isFileGone }: Pick<LocalFacts, "loadState" | "isFileGone">): boolean {
  return loadState === "not-found" || isFileGone === true;
}

/** systemd has the unit from fleet's own file, or had it until somebody masked it, deleted its file or put another before it. */
export function isOurs(unit: UnitView): boolean {
  const { local } = unit;
  if (local?.fragmentPath === unit.path || isSameRun(unit)) return true;
  // A unit that was masked before it came here was refused, and has left no trace.
  return (local?.loadState === "masked" || (isFileless(unit) && canBeStopped(local))) && hasTrace(unit);
}

/** It is still the run that was seen while systemd had the unit from fleet's own file. */
function isSameRun({ local, ownInvocation = "" }: UnitView): boolean {
  return ownInvocation !== "" && local?.invocationId === ownInvocation && canBeStopped(local);
}

/**
 * It runs, fleet has started it and has not seen it end, and systemd has it from a file of the machine's own by now. Who
 * started what runs is known only if {@link isOurs} says so.
 */
export function runsShadowed({ local, path, starts }: UnitView): boolean {
  if (local === undefined || !canBeStopped(local) || starts.kind === "never") return false;
  return local.fragmentPath !== path && !hasNoFile(local) && local.loadState !== "masked";
}

/** It must go and runs, and nobody knows whether it is fleet's: neither stopped nor acknowledged, but told of. */
export function isInDoubt(unit: UnitView): boolean {
  const { seat } = unit;
  if (seat === undefined || !isTombstone(seat) || unit.acked === seat.modRevision || isOurs(unit))
    return false;
  return runsShadowed(unit) || (isFileless(unit) && canBeStopped(unit.local));
}

/** Says for people why what runs is not taken for fleet's. */
export function doubtWords(local: LocalFacts): string {
  return hasNoFile(local)
    ? "it runs without a file, and nothing shows that fleet has started it: stop it on the machine"
    : `it runs, from ${local.fragmentPath} by now, and may be what fleet has started: stop it on the machine`;
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
