import type { ExplainedPlaceV2, ExplanationV2, ObjectionV2, UnitStateV2 } from "@fleet/client";
import { type MachineIndex, machineIdLegend, machineLegend } from "./machine-legend.js";
import { printable } from "./printable.js";
import { withShortIds } from "./short-ids.js";

/** How many places of a unit are shown; all of them are in the documents for programs. */
const shownPlacesMax = 20;
/** How many machines stand behind one objection. */
const shownExamplesMax = 4;

/** An explanation for people: a sentence, then its grounds. */
export function explanationPage(explanation: ExplanationV2, machines: MachineIndex): string {
  const { name, objections = [], remarks = [], revision, suggestions = [], summary } = explanation;
  const sections = [
    [withStop(`${name} ${withShortIds(summary, machines)}`)],
    placeLines(explanation, machines),
    section(
      explanation.standing === "global" ? "Where it is not, and why:" : "Why not elsewhere:",
      objections.flatMap((objection) => objectionLines(objection, machines)),
    ),
    section(
      suggestions.length > 1 ? "Any one of these would give it a place:" : "This would give it a place:",
      suggestions.flatMap(({ command, what }) => [
        `  ${withShortIds(what, machines)}`,
        ...(command === undefined ? [] : [`      ${command}`]),
      ]),
    ),
    remarks.map((remark) => `Note: ${remark}.`),
    [`As of revision ${revision}.`],
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.map(printable).join("\n"))
    .join("\n\n")}\n`;
}

/** An id that was shortened ends in dots already. */
function withStop(sentence: string): string {
  return sentence.endsWith("...") ? sentence : `${sentence}.`;
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [title, ...lines];
}

function placeLines({ places = [], placesTotal }: ExplanationV2, machines: MachineIndex): readonly string[] {
  const shown = places.slice(0, shownPlacesMax);
  const lines = shown.flatMap((place) => onePlace(place, machines));
  const more = placesTotal - shown.length;
  if (more > 0) lines.push(`  and ${more} more`);
  return section("Places:", lines);
}

const roleWords: Readonly<Record<string, string>> = {
  seat: "has its seat here",
  leaving: "is about to lose its seat here",
  arriving: "is about to get a seat here",
  stopping: "is to be stopped and removed here",
  copy: "is here without a seat",
};

function onePlace(place: ExplainedPlaceV2, machines: MachineIndex): readonly string[] {
  const { machineID, present, reason, role, seatRevision, state } = place;
  const since = seatRevision === undefined ? "" : ` since revision ${seatRevision}`;
  const away = present ? "" : ", which is away";
  const lines = [`  ${machineLegend(machineID, machines, false)}${away}: ${roleWords[role] ?? role}${since}`];
  if (reason !== undefined && role !== "copy") lines.push(`      why: ${withShortIds(reason, machines)}`);
  if (state !== undefined) lines.push(`      the machine says: ${stateWords(state)}`);
  return lines;
}

function stateWords(state: UnitStateV2): string {
  const { condition, jobResult, reason, sinceMs, systemdActiveState, systemdLoadState, systemdSubState } =
    state;
  const since = sinceMs > 0 ? ` since ${new Date(sinceMs).toISOString()}` : "";
  const because = reason === undefined || reason === "" ? "" : `; ${reason}`;
  if (condition === "refused") return `refused${because}${since}`;
  if (condition === "unloaded") return `has removed it${since}`;
  const job = jobResult === undefined || jobResult === "done" ? "" : `; its last job: ${jobResult}`;
  const load = systemdLoadState === "loaded" ? "" : `, ${systemdLoadState || "unknown to systemd"}`;
  return `${systemdActiveState || "?"} (${systemdSubState || "?"})${load}${since}${job}${because}`;
}

function objectionLines(objection: ObjectionV2, machines: MachineIndex): readonly string[] {
  const { examples = [], found = [], others = [], wanted, what } = objection;
  const total = objection.machines;
  const named = examples.slice(0, shownExamplesMax).map((id) => machineIdLegend(id, false));
  const more = total - named.length;
  const list = named.length === 0 ? "" : `: ${named.join(" ")}${more > 0 ? ` and ${more} more` : ""}`;
  const lines = [`  ${total} ${what}${list}`];
  const facts = found.map((fact) =>
    withShortIds(total === 1 ? fact.what : `${fact.what} on ${fact.machines}`, machines),
  );
  if (wanted !== undefined && facts.length > 0)
    lines.push(`      wants ${wanted}; found ${facts.join("; ")}`);
  else if (facts.length > 0) lines.push(`      ${facts.join("; ")}`);
  if (others.length > 1)
    lines.push(
      `      they have ${others.slice(0, shownExamplesMax).join(", ")}${others.length > shownExamplesMax ? ", …" : ""}`,
    );
  return lines;
}
