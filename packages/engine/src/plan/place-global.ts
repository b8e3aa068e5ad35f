import { adoptionChecks, firstFailure, tallyFailures } from "./checks/chain.js";
import { contradictionText } from "./contradiction.js";
import type { Place } from "./place.js";
import type { Planning } from "./planning.js";
import { type FailedCheck, failedText, refusalText } from "./refusal.js";
import type { Subject } from "./subject.js";

/** Gives global units, by name, a seat on every machine that takes units, has the metadata and excludes nothing of theirs. */
export function placeGlobals(p: Planning): void {
  for (const subject of p.world.subjects.values()) {
    if (subject.kind !== "global") continue;
    placeGlobal(p, subject);
    subject.progress = "placed";
  }
}

/** Tries again where a global unit was kept out by something that has left since. */
export function placeRefusedGlobals(p: Planning): void {
  for (const subject of [...p.refusals.keys()]) {
    if (subject.kind !== "global") continue;
    p.refusals.delete(subject);
    placeGlobal(p, subject);
  }
}

function placeGlobal(p: Planning, subject: Subject): void {
  const eligible = p.eligible.of(subject);
  const failed = new Map<string, { count: FailedCheck; many: string }>();
  let wanted = 0;
  const slice = p.slices?.get(subject);
  for (const place of slice ?? p.draft.places) {
    const residence = p.draft.residentsOf(place).get(subject);
    if (residence === "seat") {
      wanted += 1;
    } else if (eligible.has(place.index) && isOffered(place, residence === "stray")) {
      wanted += 1;
      seatOrRefuse(p, subject, place, failed);
    }
  }
  const counts = [...failed.values()].map(({ count, many }) =>
    count.machines === 1 ? count : { ...count, what: many },
  );
  counts.sort((a, b) => b.machines - a.machines || (a.what < b.what ? -1 : 1));
  if (wanted === 0 && slice === undefined) {
    const none = tallyFailures(p.checks, subject, p.draft);
    const reason = refusalText(none, contradictionText(subject));
    p.refusals.set(subject, { unit: subject.name, reason, failed: none });
  } else if (counts.length > 0) {
    const missing = counts.reduce((sum, { machines }) => sum + machines, 0);
    const reason = `not on ${missing} of ${wanted} machines: ${failedText(counts)}`;
    p.refusals.set(subject, { unit: subject.name, reason, failed: counts });
  }
}

/** A cordoned machine gets nothing new; what runs there already is nothing new. */
function isOffered(place: Place, isStray: boolean): boolean {
  return place.stance === "open" || (isStray && place.stance === "cordoned");
}

function seatOrRefuse(
  p: Planning,
  subject: Subject,
  place: Place,
  failed: Map<string, { count: FailedCheck; many: string }>,
): void {
  const check = firstFailure(adoptionChecks, subject, place, p.draft);
  if (check === undefined) {
    const isThere = p.draft.residentsOf(place).has(subject);
    p.draft.remove(subject, place);
    p.draft.add(subject, place, "seat");
    const reason = isThere ? "runs there already: adopted" : "global: runs on every machine that fits";
    p.globalSeatings.push({ subject, place, reason });
    return;
  }
  const { one, many } = check.explain(subject, place, p.draft);
  const machines = (failed.get(many)?.count.machines ?? 0) + 1;
  failed.set(many, { count: { check: check.name, machines, what: one }, many });
}
