import { type Explanation, refusedJob, type UnitStanding, type UnitState } from "@fleet/core";
import { contradictionText } from "./contradiction.js";
import { destroyedSince } from "./dismiss.js";
import type { ExplainedPlaces } from "./explain-places.js";
import type { Planning } from "./planning.js";
import type { Subject } from "./subject.js";

/** Sums up how a unit stands, as a sentence that its name begins. */
export function summaryOf(
  p: Planning,
  subject: Subject,
  standing: UnitStanding,
  found: ExplainedPlaces,
  objections: Explanation["objections"],
): string {
  switch (standing) {
    case "placed":
      return placedSummary(subject, found);
    case "moving":
      return movingSummary(subject);
    case "arriving":
      return `is about to get a seat on ${subject.at?.id}`;
    case "waiting":
      return waitingSummary(p, subject, objections);
    case "global":
      return globalSummary(subject, found, objections);
    case "inactive":
      return `is not wanted anywhere: its desired state is inactive${leftovers(found)}`;
    case "template":
      return `is a template, which is never on a machine itself: start an instance of it, like ${exampleInstance(subject)}`;
    case "unreadable":
      return p.world.view.unreadableUnits.has(subject.name)
        ? "is left exactly as it is, because its record in etcd cannot be read"
        : "is left exactly as it is, because its unit file is missing from etcd or cannot be read";
    case "unrecorded":
      return destroyedSince(p, subject) > 0
        ? `was destroyed${leftovers(found)}`
        : "has no record in etcd, so nothing says whether it is wanted: it is left exactly as it is";
  }
}

function placedSummary(subject: Subject, { places }: ExplainedPlaces): string {
  const home = places.find(({ machine, role }) => role === "seat" && machine === subject.at?.id);
  if (home === undefined) return `is on ${subject.at?.id}`;
  const { machine, present, state, target } = home;
  if (!present) return `has its seat on ${machine}, which is away`;
  if (state === undefined) return `has a seat on ${machine}, which has said nothing of it yet`;
  if (state.condition !== "loaded") return `has a seat on ${machine}, which has not loaded it yet`;
  return target === "loaded" ? loadedSummary(machine, state) : launchedSummary(machine, state);
}

function loadedSummary(machine: string, { activeState, subState }: UnitState): string {
  if (activeState === "inactive" || activeState === "")
    return `is loaded on ${machine}, as is wanted, and not started`;
  return `is loaded on ${machine}, where nobody wants it started; it is ${activeState} (${subState}) there`;
}

function launchedSummary(machine: string, state: UnitState): string {
  const { activeState, jobResult, reason, subState } = state;
  const why = reason === undefined || reason === "" ? "" : `: ${reason}`;
  if (jobResult === refusedJob) return `is on ${machine}, where systemd refuses to start it${why}`;
  switch (activeState) {
    case "active":
    case "reloading":
      return `runs on ${machine}`;
    case "activating":
      return `is being started on ${machine} (${subState})`;
    case "deactivating":
      return `is being stopped on ${machine} (${subState})`;
    case "failed":
      return `is on ${machine}, where it has failed${why}`;
    default:
      if (state.drift === "stopped")
        return `is on ${machine}, where it was started and then stopped, not by fleet`;
      if (state.started === undefined) return `is on ${machine} and has not been started there yet`;
      return `is on ${machine}, where it was started and has ended since (${activeState || "unknown"}, ${subState || "unknown"})`;
  }
}

function movingSummary(subject: Subject): string {
  const old = subject.predecessor?.place.id;
  if (old !== undefined) {
    return `is handed over from ${old} to ${subject.at?.id}: it stops on ${old} when it runs on ${subject.at?.id}`;
  }
  const from = subject.from?.place.id;
  const because = subject.leavingBecause ?? subject.arrivingBecause;
  const to = subject.at === undefined ? "and has no other place" : `for ${subject.at.id}`;
  return `is about to leave ${from} ${to}: ${because}`;
}

function waitingSummary(p: Planning, subject: Subject, objections: Explanation["objections"]): string {
  const refusal = p.refusals.get(subject);
  if (subject.from !== undefined && !subject.evicted) {
    const because = subject.leavingBecause === undefined ? "" : ` (${subject.leavingBecause})`;
    const why = contradictionText(subject) ?? "no other machine will do";
    return `stays on ${subject.from.place.id}${because}, because ${why}`;
  }
  // It is somewhere where nobody may touch it.
  if (refusal?.machine !== undefined) return refusal.reason;
  if (refusal?.failed.length === 0 && objections.length === 0) return `has no place: ${refusal.reason}`;
  const unseated =
    subject.leavingBecause === undefined ? "" : `; it loses its seat, because ${subject.leavingBecause}`;
  const contradiction = contradictionText(subject);
  if (contradiction !== undefined) return `has no place: ${contradiction}${unseated}`;
  const total = objections.reduce((sum, { machines }) => sum + machines, 0);
  const [first, ...others] = objections;
  const all = first === undefined || others.length > 0 ? "" : `: ${total === 1 ? "" : "all "}${first.what}`;
  return `has no place on ${total === 1 ? "the one machine" : `any of ${total} machines`}${all}${unseated}`;
}

function globalSummary(
  subject: Subject,
  { active, seats }: ExplainedPlaces,
  objections: Explanation["objections"],
): string {
  const missing = objections.reduce((sum, { machines }) => sum + machines, 0);
  const where = `is global: it has seats on ${seats} of ${seats + missing} machines`;
  const contradiction = contradictionText(subject);
  if (contradiction !== undefined) return `${where}: ${contradiction}`;
  return seats === 0 ? where : `${where} and runs on ${active} of them`;
}

function leftovers({ places }: ExplainedPlaces): string {
  if (places.length === 0) return "";
  const names = places.map(({ machine }) => machine).slice(0, 3);
  const more = places.length > names.length ? ` and ${places.length - names.length} more` : "";
  return `; still to be removed from ${names.join(", ")}${more}`;
}

function exampleInstance({ name }: Subject): string {
  return name.replace(/@(?=\.\w+$)/, "@1");
}
