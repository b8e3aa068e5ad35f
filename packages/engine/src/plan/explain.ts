import type { Explanation, UnitName, UnitStanding } from "@fleet/core";
import { adoptionChecks } from "./checks/chain.js";
import type { DecidedCluster } from "./decided-cluster.js";
import { collectObjections } from "./explain-objections.js";
import { explainPlaces } from "./explain-places.js";
import { remarksOn } from "./explain-remarks.js";
import { summaryOf } from "./explain-words.js";
import type { Place } from "./place.js";
import type { Planning } from "./planning.js";
import type { Subject } from "./subject.js";

/**
 * Says why a unit is where it is, or for each machine why not. It reads what the planner has decided and asks the planner's
 * own checks; nothing is decided here.
 * @returns `undefined` if nothing names such a unit.
 */
export function explainUnit(decided: DecidedCluster, name: UnitName): Explanation | undefined {
  const { planning: p, revision } = decided;
  const subject = p.world.subjects.get(name);
  if (subject === undefined) return undefined;
  const standing = standingOf(p, subject);
  const found = explainPlaces(p, subject);
  const objections = objectionsTo(p, subject, standing);
  const { unit } = subject;
  return {
    unit: name,
    revision,
    standing,
    summary: summaryOf(p, subject, standing, found, objections),
    ...(unit === undefined ? {} : { desiredState: unit.desiredState }),
    places: found.places,
    placesTotal: found.total,
    objections,
    suggestions: [],
    remarks: remarksOn(decided, subject, found),
  };
}

function standingOf(p: Planning, subject: Subject): UnitStanding {
  switch (subject.kind) {
    case "global":
      return "global";
    case "unreadable":
      return "unreadable";
    case "recordless":
      return "unrecorded";
    case "unwanted":
      return subject.unit?.desiredState === "inactive" ? "inactive" : "template";
    case "plain":
      if (p.refusals.has(subject)) return "waiting";
      if (subject.from === undefined) return subject.at === undefined ? "waiting" : "arriving";
      return subject.at === subject.from.place ? "placed" : "moving";
  }
}

function objectionsTo(p: Planning, subject: Subject, standing: UnitStanding): Explanation["objections"] {
  if (standing === "waiting") {
    // In a ring every unit waits for the others, whatever the machines are like.
    return subject.cycle === undefined ? collectObjections(p.checks, subject, p.draft, candidates(p)) : [];
  }
  if (standing !== "global") return [];
  const missing = candidates(p).filter((place) => !p.draft.hasSeat(subject, place));
  const closed = collectObjections(p.checks, subject, p.draft, missing);
  // A cordoned machine that has the unit already may keep it, so that there is more to say than that it is cordoned.
  return closed.length > 0 ? closed : collectObjections(adoptionChecks, subject, p.draft, missing);
}

function candidates(p: Planning): readonly Place[] {
  return p.draft.places.filter(({ stance }) => stance !== "forgotten");
}
