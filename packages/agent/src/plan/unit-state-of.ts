import { type Generation, isSeated, type MachineId, type UnitStateContent } from "@fleet/core";
import { driftOf, driftWords } from "./drift.js";
import type { UnitView } from "./machine-view.js";
import { outcomeText } from "./outcome-text.js";
import { isInDoubt, isThere, readableFile } from "./unit-facts.js";

/** What the run of tasks has to add to a unit's state. */
export interface StateRemarks {
  /** Why the machine will not take the unit. */
  readonly refusal: string | undefined;
  /** Why a load or a start failed, or what it waits for. */
  readonly problem: string | undefined;
  /** How the newest job ended. */
  readonly jobResult: string | undefined;
}

/** A state without the moment at which the unit entered it. */
export type TimelessState = Omit<UnitStateContent, "sinceMs">;

/**
 * Says of a unit what the cluster should know, seated here or not.
 * @returns `undefined` if there is nothing to say: it is not here nor may be, was not refused, and no tombstone that stands there was acknowledged.
 */
export function unitStateOf(
  machine: MachineId,
  unit: UnitView,
  remarks: StateRemarks,
): TimelessState | undefined {
  const file = readableFile(unit);
  const common = {
    machine,
    unit: unit.name,
    loadState: unit.local?.loadState ?? "",
    activeState: unit.local?.activeState ?? "",
    subState: unit.local?.subState ?? "",
    contentId: file?.contentId ?? "",
    hash: file?.hash ?? "",
  };
  const { refusal } = remarks;
  if (isThere(unit) || isInDoubt(unit)) {
    const started = startedGeneration(unit);
    const drift = refusal === undefined ? driftOf(unit) : undefined;
    const reason = refusal ?? remarks.problem ?? (drift && driftWords[drift]) ?? failureOf(unit);
    return {
      ...common,
      condition: refusal === undefined ? "loaded" : "refused",
      ...(started === undefined ? {} : { started }),
      ...(remarks.jobResult === undefined ? {} : { jobResult: remarks.jobResult }),
      ...(reason === undefined ? {} : { reason }),
      ...(drift === undefined ? {} : { drift }),
    };
  }
  if (refusal !== undefined && isSeated(unit.seat))
    return { ...common, condition: "refused", reason: refusal };
  // Of a tombstone that does not stand there any more, in an etcd that was restored perhaps, nothing is said.
  const isAsked = unit.acked !== undefined && unit.acked === unit.seat?.modRevision;
  return isAsked ? { ...common, condition: "unloaded", acked: unit.acked } : undefined;
}

function failureOf({ local }: UnitView): string | undefined {
  if (local?.outcome === undefined || local.activeState !== "failed") return undefined;
  return outcomeText(local.outcome) || undefined;
}

function startedGeneration({ starts }: UnitView): Generation | undefined {
  switch (starts.kind) {
    case "record":
      return starts.record.phase === "issued" ? starts.record.generation : undefined;
    case "lost":
      return starts.saidStarted === "not started" ? undefined : starts.saidStarted;
    case "never":
      return undefined;
  }
}

/** Says whether two states tell the cluster the same. */
export function isSameState(a: TimelessState, b: TimelessState): boolean {
  return (
    isSameSituation(a, b) &&
    a.contentId === b.contentId &&
    a.hash === b.hash &&
    a.jobResult === b.jobResult &&
    a.reason === b.reason &&
    a.drift === b.drift &&
    a.acked === b.acked &&
    JSON.stringify(a.started) === JSON.stringify(b.started)
  );
}

/** Says whether the unit has been in one situation all the time, so that `since` stays. */
export function isSameSituation(a: TimelessState, b: TimelessState): boolean {
  return (
    a.condition === b.condition &&
    a.loadState === b.loadState &&
    a.activeState === b.activeState &&
    a.subState === b.subState
  );
}
