import {
  type ClusterView,
  compareUnitNames,
  type Machine,
  type Revision,
  type UnitName,
  type UnitState,
} from "@fleet/core";
import type { ClusterReplica, ReplicaChange } from "@fleet/core/ports";
import { placesIn } from "./places.js";
import { isStateV1 } from "./state-entity.js";

/**
 * Keeps what lists are cut from in order, so that reading all pages of a cluster sorts once. While it changes, only what
 * was touched is put in order anew.
 */
export class SortedView {
  #names: { readonly sorted: readonly UnitName[]; readonly known: ReadonlySet<UnitName> } | undefined;
  #states: readonly UnitState[] | undefined;
  /** Units whose states may differ from those in `#states`. */
  readonly #touched = new Set<UnitName>();
  #machines: { readonly revision: Revision; readonly sorted: readonly Machine[] } | undefined;
  readonly #unsubscribe: () => void;

  constructor(replica: ClusterReplica) {
    this.#unsubscribe = replica.subscribe((change) => this.#note(replica, change));
  }

  /** All unit names, those of unreadable records too. */
  names(view: ClusterView): readonly UnitName[] {
    if (this.#names === undefined) {
      const known = new Set([...view.units.keys(), ...view.unreadableUnits]);
      this.#names = { sorted: [...known].sort(compareUnitNames), known };
    }
    return this.#names.sorted;
  }

  /** All states that v1 knows of, by {@link stateKey}. */
  states(view: ClusterView): readonly UnitState[] {
    if (this.#states === undefined) this.#states = allStates(view).sort(compareStates);
    else if (this.#touched.size > 0) this.#states = updated(this.#states, this.#touched, view);
    this.#touched.clear();
    return this.#states;
  }

  /** All machines that are present, by id. */
  machines(view: ClusterView): readonly Machine[] {
    if (this.#machines?.revision !== view.revision) {
      const sorted = [...view.machines.values()]
        .filter((machine) => machine.presence !== undefined)
        .sort((a, b) => (a.id < b.id ? -1 : 1));
      this.#machines = { revision: view.revision, sorted };
    }
    return this.#machines.sorted;
  }

  /** Stops following. */
  close(): void {
    this.#unsubscribe();
  }

  #note(replica: ClusterReplica, { machines, resynced, units }: ReplicaChange): void {
    if (resynced || machines.size > 0 || this.#touched.size > touchedMax) this.#states = undefined;
    if (this.#states === undefined) this.#touched.clear();
    else for (const name of units) this.#touched.add(name);
    if (this.#names !== undefined && (resynced || this.#haveComeOrGone(replica.view(), units))) {
      this.#names = undefined;
    }
  }

  #haveComeOrGone(view: ClusterView, units: ReadonlySet<UnitName>): boolean {
    for (const name of units) {
      const isThere = view.units.has(name) || view.unreadableUnits.has(name);
      if (isThere !== this.#names?.known.has(name)) return true;
    }
    return false;
  }
}

/** Beyond so many units everything is sorted anew. */
const touchedMax = 1_000;

function allStates(view: ClusterView): UnitState[] {
  const states: UnitState[] = [];
  for (const [machine, ofMachine] of view.states) {
    if (view.machines.get(machine)?.presence === undefined) continue;
    for (const state of ofMachine.values()) if (isStateV1(state)) states.push(state);
  }
  return states;
}

/** Puts the present states of some units in the place of their old ones. */
function updated(
  sorted: readonly UnitState[],
  touched: ReadonlySet<UnitName>,
  view: ClusterView,
): readonly UnitState[] {
  const places = placesIn(view, touched.size);
  const fresh = [...touched]
    .sort(compareUnitNames)
    .flatMap((name) => places.statesOf(name))
    .filter(isStateV1);
  const merged: UnitState[] = [];
  let next = 0;
  for (const state of sorted) {
    if (touched.has(state.unit)) continue;
    for (let item = fresh[next]; item !== undefined && compareStates(item, state) < 0; item = fresh[next]) {
      merged.push(item);
      next += 1;
    }
    merged.push(state);
  }
  return merged.concat(fresh.slice(next));
}

function compareStates(a: UnitState, b: UnitState): number {
  return compareUnitNames(a.unit, b.unit) || compareUnitNames(a.machine, b.machine);
}

/** Orders states by unit, then by machine. */
export function stateKey(state: UnitState): string {
  return `${state.unit}\0${state.machine}`;
}
