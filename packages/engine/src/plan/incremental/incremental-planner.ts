import type { UnitName } from "@fleet/core";
import { emitTasks } from "../emit.js";
import type { Place } from "../place.js";
import { decide, type Plan } from "../plan.js";
import type { Planning } from "../planning.js";
import type { EngineTask } from "../task.js";
import type { PlanOptions, PlanView } from "../view.js";
import { BusyBook } from "./busy-book.js";
import type { PlanChanges } from "./changes.js";
import { type Candidate, Closure } from "./closure.js";
import { PartialPlan } from "./partial-plan.js";
import { RefusalBook } from "./refusal-book.js";
import { StandingCluster } from "./standing-cluster.js";
import { isThere, surveyCandidate } from "./survey.js";
import { Touch } from "./touch.js";
import { TurnBook } from "./turn-book.js";

/** How plans were made so far. */
export interface PlanningCounts {
  /** Plans that decided about a part of the cluster, or about nothing. */
  readonly partial: number;
  /** Plans from scratch, by what made them necessary. */
  readonly fromScratch: Readonly<Partial<Record<WhyFromScratch, number>>>;
  /** How many units the newest plan has decided about. */
  readonly decidedLast: number;
}

/**
 * `asked`: the first plan, or anything may have changed. `too-much`: so much has happened that a plan from scratch is
 * cheaper. `machines`: so many have joined that there is no room among the others. `options`: an option that concerns everyone. `turns`: those who wait for the brake might have had theirs in between.
 */
export type WhyFromScratch = "asked" | "too-much" | "machines" | "options" | "turns";

/** Limits of the incremental planner. */
export interface IncrementalOptions {
  /** Which part of all units may be decided about before it is cheaper to begin from scratch. Default a quarter. */
  readonly partMax?: number;
}

interface Made {
  readonly plan: Plan;
  readonly planning: Planning;
}

/** However small a cluster is, this many units are decided about without beginning from scratch. */
const closureMin = 1_000;

/**
 * Plans a cluster again and again as things happen to it. A plan is always the one that {@link plan} would make, to the
 * last byte; but only units that an event can affect are decided about again.
 */
export class IncrementalPlanner {
  readonly #partMax: number;
  readonly #fromScratch: Partial<Record<WhyFromScratch, number>> = {};
  #partial = 0;
  #decidedLast = 0;
  #isLastPartial = false;
  #cluster: StandingCluster | undefined;
  #refusals = new RefusalBook();
  #turns = new TurnBook();
  #options: PlanOptions | undefined;
  #busy = new BusyBook([]);

  constructor({ partMax = 0.25 }: IncrementalOptions = {}) {
    this.#partMax = partMax;
  }

  get counts(): PlanningCounts {
    return { partial: this.#partial, fromScratch: this.#fromScratch, decidedLast: this.#decidedLast };
  }

  /** Whether the newest plan has decided about a part of the cluster only. */
  get isLastPartial(): boolean {
    return this.#isLastPartial;
  }

  /**
   * Plans.
   * @param changes - What may be different in the view since the last call. The options are compared here.
   */
  update(view: PlanView, changes: PlanChanges, options: PlanOptions): Plan {
    return this.#make(view, changes, options, []).plan;
  }

  /**
   * Plans, and decides about some units in any case, whether anything has happened to them or not.
   * @returns the decisions, for whoever asks about these units. Good until the next call, and as long as the view stays.
   */
  consider(view: PlanView, changes: PlanChanges, options: PlanOptions, names: readonly UnitName[]): Planning {
    return this.#make(view, changes, options, names).planning;
  }

  #make(view: PlanView, changes: PlanChanges, options: PlanOptions, names: readonly UnitName[]): Made {
    const cluster = this.#cluster;
    const before = this.#options;
    this.#options = options;
    if (cluster === undefined || before === undefined || changes.all) {
      return this.#planFromScratch(view, options, "asked");
    }
    const touch = new Touch(cluster, this.#refusals, this.#busy, view, options);
    const hindrance = touch.takeIn(changes, before);
    if (hindrance !== undefined) return this.#planFromScratch(view, options, hindrance);
    for (const name of names) touch.units.add(name);
    const made = this.#planPart(cluster, view, options, touch);
    return typeof made === "string" ? this.#planFromScratch(view, options, made) : made;
  }

  #planFromScratch(view: PlanView, options: PlanOptions, why: WhyFromScratch): Made {
    this.#isLastPartial = false;
    this.#fromScratch[why] = (this.#fromScratch[why] ?? 0) + 1;
    const planning = decide(view, options, true);
    const tasks = emitTasks(planning);
    const { subjects, unwilling } = planning.world;
    this.#cluster = new StandingCluster(planning);
    this.#refusals = new RefusalBook();
    this.#refusals.enter(planning, subjects);
    this.#refusals.enterUnwilling(unwilling);
    this.#turns = new TurnBook();
    this.#turns.enter(planning);
    this.#decidedLast = subjects.size;
    return { plan: this.#conclude(tasks), planning };
  }

  /** @returns what makes it necessary to plan from scratch, if anything does. */
  #planPart(
    cluster: StandingCluster,
    view: PlanView,
    options: PlanOptions,
    touch: Touch,
  ): Made | WhyFromScratch {
    const survey = (name: UnitName): Candidate | undefined =>
      isThere(cluster, view, name)
        ? surveyCandidate(cluster, view, options, name, [...cluster.spots.placesOf(name)])
        : undefined;
    const sizeMax = Math.max(closureMin, cluster.subjects.size * this.#partMax);
    const seatsAt = ({ id }: Place): Iterable<UnitName> => view.seats.get(id)?.keys() ?? [];
    const closure = new Closure(cluster, this.#refusals, survey, seatsAt, sizeMax);
    touch.seed(closure);
    const open = placesWithTurns(cluster, options);
    const isIn = (name: UnitName): boolean => closure.candidates.has(name);
    if (!closure.complete()) return "too-much";
    for (const name of this.#turns.firstInTurn(cluster, open, isIn)) closure.add(name);
    for (let attempt: PartialPlan | undefined; ; ) {
      if (!closure.complete()) return "too-much";
      attempt = new PartialPlan(cluster, view, options, closure, survey);
      // What a global unit is refused is said of all its machines at once.
      const missing = [...attempt.make(), ...this.#turns.passedOver(attempt.planning, cluster, open, isIn)];
      if (missing.length === 0) {
        const isUncertain = attempt.planning.hasReturned && this.#turns.hasOthers(isIn);
        return isUncertain ? "turns" : this.#takeOver(attempt, cluster);
      }
      attempt.undo();
      for (const name of missing) closure.add(name);
    }
  }

  #takeOver(part: PartialPlan, { subjects }: StandingCluster): Made {
    const { tasks, decided } = part.finish(this.#refusals, this.#turns);
    this.#partial += 1;
    this.#isLastPartial = true;
    this.#decidedLast = decided;
    const { planning } = part;
    return {
      plan: this.#conclude(tasks),
      planning: { ...planning, world: { ...planning.world, subjects } },
    };
  }

  #conclude(tasks: readonly EngineTask[]): Plan {
    this.#busy = new BusyBook(tasks);
    return { tasks, refusals: this.#refusals.refusals, unwilling: this.#refusals.unwilling };
  }
}

/** The machines that may be given units although the brake after a mass loss is on. */
function placesWithTurns({ places, spots }: StandingCluster, { pace }: PlanOptions): ReadonlySet<Place> {
  if (pace === undefined) return new Set();
  return new Set(
    places.filter(({ index, stance }) => stance === "open" && spots.unreported[index]! < pace.unreportedMax),
  );
}
