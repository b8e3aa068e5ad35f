import type { Check } from "./checks/check.js";
import { vacancy } from "./checks/vacancy.js";
import type { Place } from "./place.js";
import type { Planning } from "./planning.js";
import type { Subject } from "./subject.js";

const withoutVacancy = new WeakMap<readonly Check[], readonly Check[]>();

/**
 * What a machine must pass to have the unit. That the unit has a seat there already, which it has to leave, is no answer to
 * the question why; what it has to leave it for is.
 */
export function checksAt({ checks }: Planning, subject: Subject, place: Place): readonly Check[] {
  if (!subject.claims.some((claim) => claim.place.id === place.id)) return checks;
  let others = withoutVacancy.get(checks);
  if (others === undefined) {
    others = checks.filter((check) => check !== vacancy);
    withoutVacancy.set(checks, others);
  }
  return others;
}
