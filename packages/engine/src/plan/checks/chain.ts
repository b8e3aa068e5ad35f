import type { Draft } from "../draft.js";
import type { Place } from "../place.js";
import type { CheckName, FailedCheck } from "../refusal.js";
import type { Subject } from "../subject.js";
import type { Check, Objection } from "./check.js";
import { conflicts } from "./conflicts.js";
import { machineId } from "./machine-id.js";
import { machineMetadata } from "./machine-metadata.js";
import { machineOf } from "./machine-of.js";
import { resources } from "./resources.js";
import { takesUnits } from "./takes-units.js";
import { vacancy } from "./vacancy.js";
import { willingness } from "./willingness.js";

/**
 * What a machine must pass to get a seat for a unit. The order decides which of several reasons is named, so what the
 * unit itself asks for comes before what happens to be there, and what lasts before what passes.
 */
export const newSeatChecks: readonly Check[] = [
  machineId,
  takesUnits,
  machineMetadata,
  willingness,
  vacancy,
  machineOf,
  conflicts,
  resources,
];

/**
 * What a machine must pass for a seat that is there to stay, apart from the units that this one follows. Room is not among
 * them: no unit is stopped because there turns out to be less of it.
 */
export const keptSeatChecks: readonly Check[] = [machineId, machineMetadata, conflicts];

/** What a machine must pass for a unit to get a seat back that it was about to lose: others may be there by now. */
export const restoredSeatChecks: readonly Check[] = [...keptSeatChecks, resources];

/** What a machine must pass for a unit that runs there without a seat to get one. */
export const adoptionChecks: readonly Check[] = [
  machineId,
  machineMetadata,
  vacancy,
  willingness,
  machineOf,
  conflicts,
  resources,
];

/** The first check that the machine does not pass. */
export function firstFailure(
  checks: readonly Check[],
  subject: Subject,
  place: Place,
  draft: Draft,
): Check | undefined {
  for (const check of checks) if (!check.passes(subject, place, draft)) return check;
  return undefined;
}

/** How many machines that fail the same check are looked at closely; beyond that nobody reads the difference. */
const explainedMax = 64;

/** Counts, over all machines but forgotten ones, why each will not do; most machines first. */
export function tallyFailures(
  checks: readonly Check[],
  subject: Subject,
  draft: Draft,
): readonly FailedCheck[] {
  const counts = new Map<string, { check: CheckName; machines: number; one: string; many: string }>();
  const explainers = new Map<Check, Explainer>();
  for (const place of draft.places) {
    if (place.stance === "forgotten") continue;
    const check = firstFailure(checks, subject, place, draft);
    if (check === undefined) continue;
    const explain = explainers.get(check) ?? makeExplainer(check, subject, draft);
    explainers.set(check, explain);
    const { one, many } = explain(place);
    // Machines of which the same can be said together are told of together, whatever the figures of each.
    const count = counts.get(many);
    if (count === undefined) counts.set(many, { check: check.name, machines: 1, one, many });
    else count.machines += 1;
  }
  return [...counts.values()]
    .sort((a, b) => b.machines - a.machines || (a.one < b.one ? -1 : 1))
    .map(({ check, machines, one, many }) => ({ check, machines, what: machines === 1 ? one : many }));
}

type Explainer = (place: Place) => Objection;

/** Finds words for the failures of one check, without finding the same words again for each of many machines. */
function makeExplainer(check: Check, subject: Subject, draft: Draft): Explainer {
  const isUniform = check.isUniform?.(subject) === true;
  let times = 0;
  let first: Objection | undefined;
  return (place) => {
    times += 1;
    if (isUniform && first !== undefined) return first;
    if (times > explainedMax && check.inGeneral !== undefined) return check.inGeneral;
    first = check.explain(subject, place, draft);
    return first;
  };
}
