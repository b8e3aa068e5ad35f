import { compareUnitNames, type MachineId, type UnitName } from "@fleet/core";
import { IncrementalPlanner } from "./incremental/incremental-planner.js";
import type { Place } from "./place.js";
import type { Planning } from "./planning.js";
import type { Subject } from "./subject.js";
import { losesAll } from "./what-if.js";
import { changeView, type Outlook } from "./what-if-change.js";
import { settle } from "./what-if-settle.js";

/**
 * Asks the planner which units would have no place that have one now, for one loss after the other on the same cluster: the
 * incremental planner is told that the machines are gone, and then that they are back.
 */
export class LossTrial {
  readonly #p: Planning;
  #planner: IncrementalPlanner | undefined;
  /** Units that are refused or remarked upon anyway. */
  readonly #told = new Set<UnitName>();

  constructor(p: Planning) {
    this.#p = p;
    for (const { name } of p.refusals.keys()) this.#told.add(name);
    for (const { unit } of p.remarks) this.#told.add(unit);
  }

  /** @returns the units, by name. */
  strandedBy(lost: readonly Place[]): readonly UnitName[] {
    const p = this.#p;
    if (lost.some((place) => hasExclusive(p, place))) return strandedBy(p, lost);
    const planner = this.#planner ?? this.#begin();
    const { options, view } = withoutMachines(p, lost);
    const changes = { all: false, units: none, machines: new Set(lost.map(({ id }) => id)), spots: noSpots };
    const { refusals } = planner.update(view, changes, options);
    const stranded: UnitName[] = [];
    let isInterim = false;
    for (const { unit } of refusals) {
      const subject = p.world.subjects.get(unit);
      if (subject?.kind !== "plain") continue;
      // Whether something else is said of it now than before cannot be told by its name.
      const isTold = this.#told.has(unit);
      const isRefused = p.refusals.has(subject);
      if (!isTold) stranded.push(unit);
      // An exclusive unit that is to be elsewhere has no place in the first plan, wherever it is now.
      const mayMove = subject.exclusive && subject.at !== undefined;
      if (isTold ? !isRefused || mayMove : mayMove) isInterim = true;
    }
    planner.update(p.world.view, changes, p.world.options);
    if (isInterim) return strandedBy(p, lost);
    return [...new Set(stranded)].sort(compareUnitNames);
  }

  #begin(): IncrementalPlanner {
    const planner = new IncrementalPlanner();
    const { options, view } = this.#p.world;
    planner.update(view, { all: true, units: none, machines: new Set() }, options);
    this.#planner = planner;
    return planner;
  }
}

const none: ReadonlySet<UnitName> = new Set();
const noSpots: ReadonlyMap<UnitName, ReadonlySet<MachineId>> = new Map();

function hasExclusive(p: Planning, place: Place): boolean {
  for (const subject of p.draft.residentsOf(place).keys()) if (subject.exclusive) return true;
  return false;
}

/** Which of these global units would be nowhere, by a plan of the whole cluster. */
export function strandedGlobals(
  p: Planning,
  lost: readonly Place[],
  globals: readonly Subject[],
): readonly UnitName[] {
  const { planning: after } = settle(withoutMachines(p, lost));
  return globals.map(({ name }) => name).filter((name) => losesAll(p, after, name));
}

/** The same by a plan of the whole cluster, carried on until there is nothing to do. */
export function strandedBy(p: Planning, lost: readonly Place[]): readonly UnitName[] {
  const { planning: after } = settle(withoutMachines(p, lost));
  const stranded: UnitName[] = [];
  for (const { kind, name } of after.refusals.keys()) {
    const now = p.world.subjects.get(name);
    if (kind === "plain" && now?.at !== undefined && !p.refusals.has(now)) stranded.push(name);
  }
  return stranded.sort(compareUnitNames);
}

function withoutMachines({ world }: Planning, lost: readonly Place[]): Outlook {
  return changeView(
    world,
    lost.map(({ id }) => ({ kind: "lose", machine: id })),
  );
}
