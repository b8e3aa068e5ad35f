import type { ClusterView, MachineId, UnitName } from "@fleet/core";

/** What differs between two moments of a view, as a replica would tell it. */
export interface ViewChanges {
  readonly all: boolean;
  readonly units: ReadonlySet<UnitName>;
  readonly machines: ReadonlySet<MachineId>;
  readonly spots: ReadonlyMap<UnitName, ReadonlySet<MachineId>>;
}

/** Follows a live view, and tells what has changed since it last looked. Records are told apart by identity. */
export class ViewWatcher {
  readonly #view: ClusterView;
  #before: ReadonlyMap<string, unknown>;

  /** @param view - Its maps are looked at again and again. */
  constructor(view: ClusterView) {
    this.#view = view;
    this.#before = listRecords(view);
  }

  /** What has changed since the last call, or since the beginning. */
  look(): ViewChanges {
    const after = listRecords(this.#view);
    const units = new Set<UnitName>();
    const machines = new Set<MachineId>();
    const spots = new Map<UnitName, Set<MachineId>>();
    for (const key of new Set([...this.#before.keys(), ...after.keys()])) {
      if (this.#before.get(key) === after.get(key)) continue;
      const [kind, name = "", machine] = key.split("|");
      if (kind === "machine") {
        machines.add(name as MachineId);
        continue;
      }
      const unit = name as UnitName;
      units.add(unit);
      if (machine !== undefined) spots.set(unit, (spots.get(unit) ?? new Set()).add(machine as MachineId));
    }
    this.#before = after;
    return { all: false, units, machines, spots };
  }
}

function listRecords(view: ClusterView): ReadonlyMap<string, unknown> {
  const records = new Map<string, unknown>();
  for (const [name, unit] of view.units) records.set(`unit|${name}`, unit);
  for (const [name, mark] of view.destroyed) records.set(`mark|${name}`, mark);
  for (const name of view.unreadableUnits) records.set(`unreadable|${name}`, true);
  for (const name of view.unreadableSeats ?? []) records.set(`unreadable seat|${name}`, true);
  for (const [name, unit] of view.presumed ?? []) records.set(`presumed|${name}`, unit);
  for (const [id, machine] of view.machines) records.set(`machine|${id}`, machine);
  for (const [id, seats] of view.seats) {
    for (const [name, seat] of seats) records.set(`seat|${name}|${id}`, seat);
  }
  for (const [id, states] of view.states) {
    for (const [name, state] of states) records.set(`state|${name}|${id}`, state);
  }
  return records;
}
