import type { MachineId } from "../machine/machine-id.js";
import type { DesiredState } from "./desired-state.js";
import type { Unit } from "./unit-record.js";

/** What is wanted of a launched global unit on one machine, where that differs from what is wanted of it as a whole. */
export interface UnitInstance {
  /** It is to be there, and not to run. */
  readonly isStopped: boolean;
  /** How often it was to start there beyond the unit's own start count; never falls while the unit stays launched. */
  readonly starts: number;
}

/** Those machines alone on which something differs. */
export type UnitInstances = ReadonlyMap<MachineId, UnitInstance>;

/** What is wanted of a unit, on all machines and on single ones. */
export interface UnitWish {
  readonly desiredState: DesiredState;
  readonly startCount: number;
  /** Absent: nothing differs anywhere. */
  readonly instances?: UnitInstances | undefined;
}

/** What is wanted of a unit on a machine where it has, or is to have, a place. Only global units have instances. */
export function wantedOn(unit: Unit, machine: MachineId): Pick<UnitWish, "desiredState" | "startCount"> {
  const { desiredState, startCount } = unit;
  const instance = unit.requirements?.global === true ? unit.instances?.get(machine) : undefined;
  if (instance === undefined || desiredState !== "launched") return { desiredState, startCount };
  return {
    desiredState: instance.isStopped ? "loaded" : "launched",
    startCount: startCount + instance.starts,
  };
}

/** A change of what is wanted. */
export interface WishChange {
  readonly desiredState: DesiredState;
  /** Starts once more what is launched already. */
  readonly restart?: boolean | undefined;
  /** Of the unit on this machine alone; it must be launched as a whole, and `desiredState` be `loaded` or `launched`. */
  readonly machine?: MachineId | undefined;
  /** What was said of single machines stays; otherwise a word on the unit as a whole is one on all of them. */
  readonly keepsInstances?: boolean | undefined;
}

/**
 * What is wanted after a change. The start count of a unit on a machine rises when it is to become launched there, and on an
 * explicit restart; it never falls, whatever becomes of what is wanted of single instances.
 * @param current - Absent for a unit that is new.
 */
export function nextWish(current: UnitWish | undefined, change: WishChange): UnitWish {
  const { desiredState, machine, restart = false } = change;
  if (current === undefined) return { desiredState, startCount: desiredState === "launched" ? 1 : 0 };
  if (machine !== undefined) return withInstance(current, machine, desiredState === "loaded", restart);
  if (desiredState === current.desiredState && !restart) {
    return change.keepsInstances === true ? current : everywhere(current);
  }
  const starts = [...(current.instances?.values() ?? [])].map((instance) => instance.starts);
  const highest = starts.reduce((a, b) => Math.max(a, b), 0);
  const rises = restart || (desiredState === "launched" && current.desiredState !== "launched");
  return { desiredState, startCount: current.startCount + highest + (rises ? 1 : 0) };
}

function withInstance(wish: UnitWish, machine: MachineId, isStopped: boolean, restart: boolean): UnitWish {
  const { isStopped: wasStopped, starts } = wish.instances?.get(machine) ?? { isStopped: false, starts: 0 };
  if (isStopped === wasStopped && (isStopped || !restart)) return wish;
  const instances = new Map(wish.instances);
  return { ...wish, instances: instances.set(machine, { isStopped, starts: starts + (isStopped ? 0 : 1) }) };
}

/** What was stopped on single machines is to run again, and nothing else changes. */
function everywhere(wish: UnitWish): UnitWish {
  let next = wish;
  for (const [machine, { isStopped }] of wish.instances ?? []) {
    if (isStopped) next = withInstance(next, machine, false, false);
  }
  return next;
}
