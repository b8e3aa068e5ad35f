import type { UnitStateV2, UnitStatusV2, WaitAnswerV2 } from "./wire-v2.js";

/** Some units and their states at one moment. */
export interface UnitsSnapshot {
  /** 0 if the server does not say. */
  readonly revision: number;
  /** By name; units that do not exist are not in it. */
  readonly units: ReadonlyMap<string, UnitStatusV2>;
  /** By unit name; a unit without states is not in it. A destroyed unit may still have some. */
  readonly states: ReadonlyMap<string, readonly UnitStateV2[]>;
  /** Whether seats, job results and reasons are known. Without the v2 API they are not. */
  readonly isComplete: boolean;
}

/** Makes a snapshot of the first answer about these units. */
export function snapshotOf(answer: WaitAnswerV2): UnitsSnapshot {
  return mergeAnswer({ revision: 0, units: new Map(), states: new Map(), isComplete: true }, answer);
}

/** Brings a snapshot up to date: whatever an answer mentions replaces what was there. */
export function mergeAnswer(snapshot: UnitsSnapshot, answer: WaitAnswerV2): UnitsSnapshot {
  const units = new Map(snapshot.units);
  const states = new Map(snapshot.states);
  for (const unit of answer.units ?? []) {
    units.set(unit.name, unit);
    states.delete(unit.name);
  }
  for (const name of answer.missing ?? []) {
    units.delete(name);
    states.delete(name);
  }
  for (const [name, list] of groupByName(answer.states ?? [])) states.set(name, list);
  return { revision: answer.revision, units, states, isComplete: true };
}

/** Sorts states into lists by unit, keeping their order. */
export function groupByName(states: readonly UnitStateV2[]): ReadonlyMap<string, readonly UnitStateV2[]> {
  const groups = new Map<string, UnitStateV2[]>();
  for (const state of states) {
    const group = groups.get(state.name);
    if (group === undefined) groups.set(state.name, [state]);
    else group.push(state);
  }
  return groups;
}
