import type { ClusterView, MachineId, Seat, UnitName, UnitState } from "@fleet/core";

/** Where units are seated, and what machines say of them. */
export interface Places {
  /** All seats of a unit, by machine. */
  seatsOf(name: UnitName): readonly Seat[];
  /** All that machines say of a unit, by machine; machines that are away say nothing. */
  statesOf(name: UnitName): readonly UnitState[];
}

type ByMachine<T> = ReadonlyMap<MachineId, ReadonlyMap<UnitName, T>>;

/**
 * Prepares to look up the places of some units, in whichever way is less work: asking every machine for every unit, or
 * going through all seats and states once. Valid as long as the view.
 */
export function placesIn(view: ClusterView, count: number): Places {
  return {
    seatsOf: lookUp(view.seats, count, () => true),
    statesOf: lookUp(view.states, count, (id) => view.machines.get(id)?.presence !== undefined),
  };
}

function lookUp<T extends { readonly machine: MachineId }>(
  maps: ByMachine<T>,
  count: number,
  isHeard: (machine: MachineId) => boolean,
): (name: UnitName) => readonly T[] {
  if (count === 1 || count * maps.size <= totalOf(maps)) {
    return (name) => {
      const found: T[] = [];
      for (const ofMachine of maps.values()) {
        const item = ofMachine.get(name);
        if (item !== undefined && isHeard(item.machine)) found.push(item);
      }
      return found.sort(byMachine);
    };
  }
  const index = new Map<UnitName, T[]>();
  for (const [machine, ofMachine] of maps) {
    if (!isHeard(machine)) continue;
    for (const [name, item] of ofMachine) {
      const found = index.get(name);
      if (found === undefined) index.set(name, [item]);
      else found.push(item);
    }
  }
  return (name) => (index.get(name) ?? []).sort(byMachine);
}

function totalOf(maps: ByMachine<unknown>): number {
  let total = 0;
  for (const ofMachine of maps.values()) total += ofMachine.size;
  return total;
}

function byMachine(a: { readonly machine: MachineId }, b: { readonly machine: MachineId }): number {
  return a.machine < b.machine ? -1 : 1;
}
