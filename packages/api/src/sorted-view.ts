import {
  type ClusterView,
  compareUnitNames,
  type Machine,
  type Revision,
  type UnitName,
  type UnitState,
} from "@fleet/core";
import type { ClusterReplica, ReplicaChange } from "@fleet/core/ports";
import { isStateV1 } from "./state-entity.js";

/** Sorts what lists are cut from: names when units come or go, all else once per revision that is asked for. */
export class SortedView {
  #names: { readonly sorted: readonly UnitName[]; readonly known: ReadonlySet<UnitName> } | undefined;
  #states: Cached<readonly UnitState[]> | undefined;
  #machines: Cached<readonly Machine[]> | undefined;
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
    this.#states = refresh(this.#states, view, () => {
      const states: UnitState[] = [];
      for (const [machine, ofMachine] of view.states) {
        if (view.machines.get(machine)?.presence === undefined) continue;
        for (const state of ofMachine.values()) if (isStateV1(state)) states.push(state);
      }
      return sortByKey(states, stateKey);
    });
    return this.#states.value;
  }

  /** All machines that are present, by id. */
  machines(view: ClusterView): readonly Machine[] {
    this.#machines = refresh(this.#machines, view, () =>
      sortByKey(
        [...view.machines.values()].filter((machine) => machine.presence !== undefined),
        (machine) => machine.id,
      ),
    );
    return this.#machines.value;
  }

  /** Stops following. */
  close(): void {
    this.#unsubscribe();
  }

  #note(replica: ClusterReplica, { resynced, units }: ReplicaChange): void {
    if (this.#names === undefined) return;
    const { known } = this.#names;
    const view = replica.view();
    const isThere = (name: UnitName): boolean => view.units.has(name) || view.unreadableUnits.has(name);
    let isSame = !resynced;
    for (const name of units) isSame &&= isThere(name) === known.has(name);
    if (!isSame) this.#names = undefined;
  }
}

/** Orders states by unit, then by machine. */
export function stateKey(state: UnitState): string {
  return `${state.unit}\0${state.machine}`;
}

interface Cached<T> {
  readonly revision: Revision;
  readonly value: T;
}

function refresh<T>(cached: Cached<T> | undefined, view: ClusterView, make: () => T): Cached<T> {
  return cached?.revision === view.revision ? cached : { revision: view.revision, value: make() };
}

function sortByKey<T>(items: readonly T[], keyOf: (item: T) => string): readonly T[] {
  return items
    .map((item) => ({ item, key: keyOf(item) }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ item }) => item);
}
