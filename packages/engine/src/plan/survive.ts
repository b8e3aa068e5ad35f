import { compareUnitNames, type FatalLoss, type SurvivalReport, type UnitName } from "@fleet/core";
import type { DecidedCluster } from "./decided-cluster.js";
import type { Place } from "./place.js";
import type { Planning } from "./planning.js";
import { fateOf, type Group, groupsAt, isUnsettled, type LossBook, openLossBook } from "./survive-groups.js";
import { OtherUnits } from "./survive-others.js";
import { LossTrial, strandedGlobals } from "./survive-trial.js";
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
    const { isPlanned, units } = inquiry.outcomeAt(checked);
    if (units.length > 0) {
      const machines = inquiry.machinesAt(checked).map(({ id }) => id);
      fatal.push({ machines, units: units.slice(0, unitsMax), unitsTotal: units.length });
    }
    checked += 1;
    const isTimeToLook = isPlanned || checked % lookEvery[question.losses] === 0;
    isOver = fatal.length === fatalMax || (isTimeToLook && question.isTimeUp());
  }
  return { revision, losses: question.losses, total, checked, fatal };
}

/** Losses that need no plan take so little time that the clock is looked at after so many only. */
const lookEvery = { 1: 32, 2: 4_096 } as const;

interface Outcome {
  readonly units: readonly UnitName[];
  readonly isPlanned: boolean;
}

/** What has been found out about the machines of one plan; kept for the next question. */
class Inquiry {
  readonly total: number;
  readonly #book: LossBook;
  readonly #machines: readonly Place[];
  readonly #trial: LossTrial;
  readonly #others: OtherUnits;
  readonly #groups = new Map<Place, readonly Group[]>();
  /** Those of the groups that a pair of losses may hit. */
  readonly #fragile = new Map<Place, readonly Group[]>();
  readonly #singles = new Map<Place, Outcome>();
  readonly #unsettled = new Map<Place, boolean>();

  /** @param p - A plan in which nothing is under way. */
  constructor(p: Planning, losses: 1 | 2) {
    this.#book = openLossBook(p, losses);
    this.#trial = new LossTrial(p);
    this.#others = new OtherUnits(p, losses);
    this.#machines = p.draft.places.filter(({ presenceRevision }) => presenceRevision !== 0);
    const count = this.#machines.length;
    this.total = losses === 1 ? count : (count * (count - 1)) / 2;
  }

  /** The machines of one loss. Pairs are ordered by the second machine, then by the first. */
  machinesAt(rank: number): readonly Place[] {
    return this.#book.losses === 1 ? [this.#machines[rank]!] : this.#pairAt(rank);
  }

  outcomeAt(rank: number): Outcome {
    return this.#book.losses === 1 ? this.#single(this.#machines[rank]!) : this.#pair(this.#pairAt(rank));
  }

  #pairAt(rank: number): readonly [Place, Place] {
    // The pairs whose second machine has this index begin at index * (index - 1) / 2.
    let second = Math.floor((1 + Math.sqrt(1 + 8 * rank)) / 2);
    if ((second * (second - 1)) / 2 > rank) second -= 1;
    return [this.#machines[rank - (second * (second - 1)) / 2]!, this.#machines[second]!];
  }

  #single(place: Place): Outcome {
    let known = this.#singles.get(place);
    if (known === undefined) {
      known = this.#isUnsettled(place) ? this.#plan([place]) : this.#judge(this.#groupsAt(place), [place]);
      known = withUnits(known, [...this.#others.unreadableOn(place), ...this.#globalsLost([place])]);
      this.#singles.set(place, known);
    }
    return known;
  }

  /** Units that survive either loss, but not both. */
  #pair(lost: readonly [Place, Place]): Outcome {
    const outcome = this.#plainPair(lost);
    const globals = this.#globalsLost(lost);
    if (globals.length === 0) return outcome;
    const known = lost.flatMap((place) => this.#single(place).units);
    return withUnits(
      outcome,
      globals.filter((name) => !known.includes(name)),
    );
  }

  #globalsLost(lost: readonly Place[]): readonly UnitName[] {
    const globals = this.#others.globalsOnlyOn(lost);
    return globals.length === 0 ? [] : strandedGlobals(this.#book.p, lost, globals);
  }

  #plainPair(lost: readonly [Place, Place]): Outcome {
    const [first, second] = lost;
    const isUnsettled = this.#isUnsettled(first) || this.#isUnsettled(second);
    const fragile = this.#fragileOf(first, second);
    if (!isUnsettled && fragile.every((group) => fateOf(this.#book, group, lost) === "safe")) return nothing;
    const singles = lost.map((place) => this.#single(place));
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
    return { units: this.#trial.strandedBy(lost), isPlanned: true };
  }

  #fragileOf(first: Place, second: Place): readonly Group[] {
    const ofFirst = this.#fragileAt(first);
    const ofSecond = this.#fragileAt(second);
    if (ofSecond.length === 0) return ofFirst;
    return ofFirst.length === 0 ? ofSecond : [...ofFirst, ...ofSecond];
  }

  /** Most groups have more alternatives than anything could take from them: those were looked for no further. */
  #fragileAt(place: Place): readonly Group[] {
    let known = this.#fragile.get(place);
    if (known === undefined) {
      known = this.#groupsAt(place).filter(({ isComplete, isIntricate }) => isComplete || isIntricate);
      this.#fragile.set(place, known);
    }
    return known;
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

/** @returns the outcome with units that it may tell of already, by name. */
function withUnits(outcome: Outcome, units: readonly UnitName[]): Outcome {
  if (units.length === 0) return outcome;
  return { ...outcome, units: [...new Set([...outcome.units, ...units])].sort(compareUnitNames) };
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
