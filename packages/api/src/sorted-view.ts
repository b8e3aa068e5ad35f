import {
  type ClusterView,
  compareUnitNames,
  type Machine,
  type Revision,
  type UnitName,
  type UnitState,
} from "@fleet/core";
import { isStateV1 } from "./state-entity.js";

/** Sorts once per revision what lists are cut from, so that reading all pages of a quiet cluster sorts once. */
export class SortedView {
  #names: Cached<readonly UnitName[]> | undefined;
  #states: Cached<readonly UnitState[]> | undefined;
  #machines: Cached<readonly Machine[]> | undefined;

  /** All unit names, those of unreadable records too. */
  names(view: ClusterView): readonly UnitName[] {
    this.#names = refresh(this.#names, view, () =>
      [...new Set([...view.units.keys(), ...view.unreadableUnits])].sort(compareUnitNames),
    );
    return this.#names.value;
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

function sortByKey<T>(items: T[], keyOf: (item: T) => string): readonly T[] {
  return items.sort((a, b) => {
    const keyA = keyOf(a);
    const keyB = keyOf(b);
    return keyA < keyB ? -1 : keyA > keyB ? 1 : 0;
  });
}
