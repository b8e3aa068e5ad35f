import { type Explanation, isTemplate, type UnitName, type UnitStanding } from "@fleet/core";
import type { DecidedCluster } from "./decided-cluster.js";
import { collectObjections } from "./explain-objections.js";
import { explainPlaces } from "./explain-places.js";
import { remarksOn } from "./explain-remarks.js";
import { summaryOf } from "./explain-words.js";
import type { Place } from "./place.js";
import type { Planning } from "./planning.js";
import type { Subject } from "./subject.js";
import { suggestChanges } from "./suggest.js";

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
  const unit = p.world.view.units.get(name);
  return {
    unit: name,
    revision,
    standing,
    summary: summaryOf(p, subject, standing, found, objections),
    ...(unit === undefined ? {} : { desiredState: unit.desiredState }),
    places: found.places,
    placesTotal: found.total,
    objections,
    suggestions: standing === "waiting" ? suggestChanges(decided, subject) : [],
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
      return isTemplate(subject.name) ? "template" : "inactive";
    case "plain":
      if (p.refusals.has(subject)) return "waiting";
      if (subject.predecessor !== undefined) return "moving";
      if (subject.from === undefined) return subject.at === undefined ? "waiting" : "arriving";
      return subject.at === subject.from.place ? "placed" : "moving";
  }
}

function objectionsTo(p: Planning, subject: Subject, standing: UnitStanding): Explanation["objections"] {
  if (standing === "waiting") {
    // In a ring every unit waits for the others, whatever the machines are like.
    return subject.cycle === undefined ? collectObjections(p, subject, candidates(p)) : [];
  }
  if (standing !== "global") return [];
  const missing = candidates(p).filter((place) => !p.draft.hasSeat(subject, place));
  return collectObjections(p, subject, missing);
}

function candidates(p: Planning): readonly Place[] {
  return p.draft.places.filter(({ stance }) => stance !== "forgotten");
}
