import type { UnitName } from "@fleet/core";
import { emitTasks } from "../emit.js";
import type { Place } from "../place.js";
import { decideAll } from "../plan.js";
import { beginPlanning, type Planning } from "../planning.js";
import type { Subject } from "../subject.js";
import type { EngineTask } from "../task.js";
import type { PlanOptions, PlanView } from "../view.js";
import type { Candidate, Closure, Survey } from "./closure.js";
import type { RefusalBook } from "./refusal-book.js";
import type { StandingCluster } from "./standing-cluster.js";
import { surveyCandidate } from "./survey.js";
import type { TurnBook } from "./turn-book.js";

interface Slice {
  readonly whole: Subject;
  readonly places: readonly Place[];
  readonly candidate: Candidate;
}

/** One plan about the units of a closure, in a draft where all others stand. */
export class PartialPlan {
  readonly #cluster: StandingCluster;
  readonly #names: readonly UnitName[];
  readonly #subjects: ReadonlyMap<UnitName, Subject>;
  readonly #candidates: ReadonlyMap<UnitName, Candidate>;
  readonly #slices: ReadonlyMap<UnitName, Slice>;
  readonly #p: Planning;

  /** Takes those who are to be decided about out of the draft, and prepares them as they are now. */
  constructor(
    cluster: StandingCluster,
    view: PlanView,
    options: PlanOptions,
    closure: Closure,
    survey: Survey,
  ) {
    this.#cluster = cluster;
    this.#names = [...closure.candidates.keys()];
    for (const name of this.#names) {
      const before = cluster.subjects.get(name);
      if (before !== undefined) cluster.remove(before);
    }
    this.#candidates = new Map(
      this.#names.flatMap((name) => {
        const candidate = closure.take(name) ?? survey(name);
        return candidate === undefined ? [] : [[name, candidate] as const];
      }),
    );
    this.#slices = new Map(
      [...closure.slices].map(([name, places]) => [
        name,
        cutSlice(
          cluster,
          view,
          options,
          name,
          [...places].sort((a, b) => a.index - b.index),
        ),
      ]),
    );
    const all = [
      ...this.#candidates,
      ...[...this.#slices].map(([name, slice]) => [name, slice.candidate] as const),
    ];
    const sorted = all.sort(([a], [b]) => (a < b ? -1 : 1));
    this.#subjects = new Map(sorted.map(([name, { subject }]) => [name, subject]));
    const world = cluster.worldOf({
      view,
      options,
      subjects: this.#subjects,
      graves: sorted.flatMap(([, { graves }]) => graves),
      marks: sorted.flatMap(([name]) => view.destroyed.get(name) ?? []),
    });
    const slices = new Map(
      [...this.#slices.values()].map(({ candidate, places }) => [candidate.subject, places]),
    );
    const { draft, eligible, spots } = cluster;
    this.#p = beginPlanning(world, { draft, eligible, slices, unreported: spots.unreported.slice() });
  }

  /** What has been decided about some units. */
  get planning(): Planning {
    return this.#p;
  }

  /** Decides. @returns the global units that have to be decided about as a whole instead of in part. */
  make(): readonly UnitName[] {
    decideAll(this.#p);
    const refused: UnitName[] = [];
    for (const [name, { whole, places, candidate }] of this.#slices) {
      const { subject, unwilling } = candidate;
      const stands =
        this.#cluster.residenceCount(whole) > 0 ||
        places.some((place) => this.#p.draft.residentsOf(place).has(subject));
      const isLone = stands && unwilling.length === 0 && subject.strays.length === 0;
      if (!isLone || this.#p.refusals.has(subject)) refused.push(name);
    }
    return refused;
  }

  /** Takes everyone that was decided about out of the draft again. */
  undo(): void {
    this.#cluster.clear(this.#p, this.#subjects.values());
  }

  /** Lets the decisions stand. */
  finish(
    refusals: RefusalBook,
    turns: TurnBook,
  ): { readonly tasks: readonly EngineTask[]; readonly decided: number } {
    const cluster = this.#cluster;
    const tasks = emitTasks(this.#p);
    for (const name of this.#names) {
      refusals.delete(name);
      turns.delete(name);
      if (!this.#candidates.has(name)) cluster.forget(name);
    }
    const entering = [...this.#candidates.values()];
    cluster.enter(
      this.#p,
      entering.map(({ subject }) => subject),
    );
    refusals.enter(this.#p, this.#subjects);
    turns.enter(this.#p);
    for (const { unwilling } of entering) refusals.enterUnwilling(unwilling);
    for (const { whole, places, candidate } of this.#slices.values()) {
      cluster.adoptSlice(whole, candidate.subject, places);
    }
    return { tasks, decided: this.#subjects.size };
  }
}

function cutSlice(
  cluster: StandingCluster,
  view: PlanView,
  options: PlanOptions,
  name: UnitName,
  places: readonly Place[],
): Slice {
  const whole = cluster.subjects.get(name)!;
  for (const place of places) cluster.withdrawFrom(whole, place);
  return { whole, places, candidate: surveyCandidate(cluster, view, options, name, places) };
}
