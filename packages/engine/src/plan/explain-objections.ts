import type { ExplainedObjection, MachineId, UnitName } from "@fleet/core";
import { firstFailure } from "./checks/chain.js";
import type { Objection } from "./checks/check.js";
import { checksAt } from "./explain-checks.js";
import { type Facts, factsOf } from "./explain-facts.js";
import type { Place } from "./place.js";
import type { Planning } from "./planning.js";
import type { CheckName } from "./refusal.js";
import type { Subject } from "./subject.js";

/** How many machines, other units and findings are named for one objection. */
const namedMax = 8;

/** How many objections are told apart; nobody reads more, and what they are about is in the last one. */
const groupsMax = 20;

interface Group {
  readonly check: CheckName;
  readonly facts: Facts;
  readonly one: string;
  readonly many: string;
  machines: number;
  readonly examples: MachineId[];
  readonly found: Map<string, number>;
  readonly others: Set<UnitName>;
}

/** Asks, for each of `places`, the first check that it fails, and puts together those that fail alike. */
export function collectObjections(
  p: Planning,
  subject: Subject,
  places: Iterable<Place>,
): readonly ExplainedObjection[] {
  const { draft } = p;
  const groups = new Map<string, Group>();
  for (const place of places) {
    const check =
      firstFailure(checksAt(p, subject, place), subject, place, draft) ??
      firstFailure(p.checks, subject, place, draft);
    if (check === undefined) continue;
    const facts = factsOf(check.name, subject, place, draft);
    let group = facts === undefined ? undefined : groups.get(`${check.name} ${facts.key}`);
    if (group === undefined) {
      const words = check.explain(subject, place, draft);
      const key = `${check.name} ${facts?.key ?? words.one}`;
      group = groups.get(key) ?? newGroup(check.name, facts ?? { key }, words);
      groups.set(key, group);
    }
    note(group, facts, place);
  }
  const sorted = [...groups.values()].sort((a, b) => b.machines - a.machines || (a.one < b.one ? -1 : 1));
  const rest = sorted.splice(groupsMax).reduce((sum, { machines }) => sum + machines, 0);
  const told = sorted.map(toObjection);
  if (rest === 0) return told;
  const others = {
    check: "",
    machines: rest,
    what: "for other reasons",
    examples: [],
    found: [],
    others: [],
  };
  return [...told, others];
}

function newGroup(check: CheckName, facts: Facts, { one, many }: Objection): Group {
  return { check, facts, one, many, machines: 0, examples: [], found: new Map(), others: new Set() };
}

function note(group: Group, facts: Facts | undefined, place: Place): void {
  group.machines += 1;
  if (group.examples.length < namedMax) group.examples.push(place.id);
  if (facts?.found !== undefined) group.found.set(facts.found, (group.found.get(facts.found) ?? 0) + 1);
  if (facts?.other !== undefined) group.others.add(facts.other);
}

function toObjection(group: Group): ExplainedObjection {
  const { check, machines, facts, examples } = group;
  const others = [...group.others].sort();
  const found = [...group.found]
    .map(([what, count]) => ({ what, machines: count }))
    .sort((a, b) => b.machines - a.machines || (a.what < b.what ? -1 : 1))
    .slice(0, namedMax);
  const [only] = others;
  return {
    check,
    machines,
    what: wordsOf(group, others.length),
    examples,
    found,
    others: others.slice(0, namedMax),
    ...(facts.wanted === undefined ? {} : { wanted: facts.wanted }),
    ...(facts.pattern === undefined ? {} : { pattern: facts.pattern }),
    ...(facts.own === false && only !== undefined && others.length === 1 ? { declaredBy: only } : {}),
  };
}

/** The words of the check were found for one machine; for several that differ they have to be more general. */
function wordsOf({ facts, machines, one, many }: Group, others: number): string {
  if (facts.pattern !== undefined && others > 1) {
    return `conflict with ${others} units (${facts.own ? "" : "their "}pattern ${facts.pattern})`;
  }
  return machines === 1 ? one : many;
}
