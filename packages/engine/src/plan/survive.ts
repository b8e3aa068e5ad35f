import { compareUnitNames, type FatalLoss, type SurvivalReport, type UnitName } from "@fleet/core";
import type { DecidedCluster } from "./decided-cluster.js";
import type { Place } from "./place.js";
import { decide } from "./plan.js";
import type { Planning } from "./planning.js";
import { fateOf, type Group, groupsAt, isUnsettled, type LossBook, openLossBook } from "./survive-groups.js";
import { changeView } from "./what-if-change.js";
import { settled } from "./what-if-settle.js";

/** How many units of one loss are named. */
const unitsMax = 50;

/** How many losses one answer tells of; the next one goes on behind them. */
const fatalMax = 500;

/** A question about the losses of one, or of two machines at a time. */
export interface SurvivalQuestion {
  readonly losses: 1 | 2;
  /** How many losses have been checked already. */
  readonly from: number;
  /** Asked after each plan: whether to stop there. */
  isTimeUp(): boolean;
}

/**
 * Says which losses of machines leave units without a place that have one now. The losses are checked in a fixed order, as
 * far as the time goes; every answer makes some progress.
 *
 * A loss is planned for only if it is not plain what becomes of every unit on the lost machines: units that enough other
 * machines take are safe, and those that no other machine takes are not.
 */
export function survive(
  { planning: p, revision }: DecidedCluster,
  question: SurvivalQuestion,
): SurvivalReport {
  const inquiry = inquiryInto(p, question.losses);
  const { total } = inquiry;
  const fatal: FatalLoss[] = [];
  let checked = Math.min(question.from, total);
  let isOver = false;
  while (checked < total && !isOver) {
    const lost = inquiry.lossAt(checked);
    const { isPlanned, units } = question.losses === 1 ? inquiry.single(lost[0]!) : inquiry.pair(lost);
    checked += 1;
    if (units.length > 0) {
      const named = units.slice(0, unitsMax);
      fatal.push({ machines: lost.map(({ id }) => id), units: named, unitsTotal: units.length });
    }
    isOver = fatal.length === fatalMax || ((isPlanned || checked % lookEvery === 0) && question.isTimeUp());
  }
  return { revision, losses: question.losses, total, checked, fatal };
}

/** Losses that need no plan take so little time that the clock is looked at after so many only. */
const lookEvery = 4_096;

interface Outcome {
  readonly units: readonly UnitName[];
  readonly isPlanned: boolean;
}

/** What has been found out about the machines of one plan; kept for the next question. */
class Inquiry {
  readonly total: number;
  readonly #book: LossBook;
  readonly #machines: readonly Place[];
  readonly #groups = new Map<Place, readonly Group[]>();
  readonly #singles = new Map<Place, Outcome>();
  readonly #unsettled = new Map<Place, boolean>();

  /** @param p - A plan in which nothing is under way. */
  constructor(p: Planning, losses: 1 | 2) {
    this.#book = openLossBook(p, losses);
    this.#machines = p.draft.places.filter(({ presenceRevision }) => presenceRevision !== 0);
    const count = this.#machines.length;
    this.total = losses === 1 ? count : (count * (count - 1)) / 2;
  }

  /** The machines of one loss. Pairs are ordered by the second machine, then by the first. */
  lossAt(rank: number): readonly Place[] {
    if (this.#book.losses === 1) return [this.#machines[rank]!];
    let second = Math.floor((1 + Math.sqrt(1 + 8 * rank)) / 2);
    while ((second * (second - 1)) / 2 > rank) second -= 1;
    while (((second + 1) * second) / 2 <= rank) second += 1;
    return [this.#machines[rank - (second * (second - 1)) / 2]!, this.#machines[second]!];
  }

  single(place: Place): Outcome {
    let known = this.#singles.get(place);
    if (known === undefined) {
      known = this.#isUnsettled(place) ? this.#plan([place]) : this.#judge(this.#groupsAt(place), [place]);
      this.#singles.set(place, known);
    }
    return known;
  }

  /** Units that survive either loss, but not both. */
  pair(lost: readonly Place[]): Outcome {
    const fragile = lost.flatMap((place) => this.#groupsAt(place)).filter((group) => this.#isFragile(group));
    const isUnsettled = lost.some((place) => this.#isUnsettled(place));
    if (!isUnsettled && fragile.every((group) => fateOf(this.#book, group, lost) === "safe")) return nothing;
    const singles = lost.map((place) => this.single(place));
    const known = new Set(singles.flatMap(({ units }) => units));
    const open = fragile.filter(({ members }) => members.some(({ name }) => !known.has(name)));
    const outcome = isUnsettled ? this.#plan(lost) : this.#judge(open, lost);
    return {
      units: outcome.units.filter((name) => !known.has(name)),
      isPlanned: outcome.isPlanned || singles.some(({ isPlanned }) => isPlanned),
    };
  }

  #groupsAt(place: Place): readonly Group[] {
    let known = this.#groups.get(place);
    if (known === undefined) {
      known = groupsAt(this.#book, place);
      this.#groups.set(place, known);
    }
    return known;
  }

  #isUnsettled(place: Place): boolean {
    let known = this.#unsettled.get(place);
    if (known === undefined) {
      known = isUnsettled(this.#book, place);
      this.#unsettled.set(place, known);
    }
    return known;
  }

  #plan(lost: readonly Place[]): Outcome {
    return { units: strandedBy(this.#book.p, lost), isPlanned: true };
  }

  /** Most groups have more alternatives than anything could take from them: those were looked for no further. */
  #isFragile({ isComplete, isIntricate }: Group): boolean {
    return isComplete || isIntricate;
  }

  #judge(groups: readonly Group[], lost: readonly Place[]): Outcome {
    const doomed: UnitName[] = [];
    for (const group of groups) {
      const fate = fateOf(this.#book, group, lost);
      if (fate === "unclear") return this.#plan(lost);
      if (fate === "doomed") doomed.push(...group.members.map(({ name }) => name));
    }
    return { units: doomed.sort(compareUnitNames), isPlanned: false };
  }
}

const nothing: Outcome = { units: [], isPlanned: false };

interface Inquiries {
  readonly calm: Planning;
  readonly byLosses: Map<1 | 2, Inquiry>;
}

/** What has been found out lives as long as the plan that it is about. */
const inquiries = new WeakMap<Planning, Inquiries>();

/**
 * Units that are about to be placed would be placed otherwise if a machine were lost before; what is asked here is what
 * would become of those that have their places.
 */
function inquiryInto(planning: Planning, losses: 1 | 2): Inquiry {
  let ofPlan = inquiries.get(planning);
  if (ofPlan === undefined) {
    ofPlan = { calm: settled(planning), byLosses: new Map() };
    inquiries.set(planning, ofPlan);
  }
  let inquiry = ofPlan.byLosses.get(losses);
  if (inquiry === undefined) {
    inquiry = new Inquiry(ofPlan.calm, losses);
    ofPlan.byLosses.set(losses, inquiry);
  }
  return inquiry;
}

/** Asks the planner: the units that have a place now and would have none. By name. */
export function strandedBy(p: Planning, lost: readonly Place[]): readonly UnitName[] {
  const changes = lost.map(({ id }) => ({ kind: "lose", machine: id }) as const);
  const { options, view } = changeView(p.world, changes);
  const after = decide(view, options);
  const stranded: UnitName[] = [];
  for (const { kind, name } of after.refusals.keys()) {
    const now = p.world.subjects.get(name);
    if (kind === "plain" && now?.at !== undefined && !p.refusals.has(now)) stranded.push(name);
  }
  return stranded.sort(compareUnitNames);
}
