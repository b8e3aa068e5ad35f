import type { Requirements, UnitName } from "@fleet/core";
import { checksAt } from "./explain-checks.js";
import type { Planning } from "./planning.js";
import type { Subject } from "./subject.js";
import { type Candidate, isTakenByGlobals } from "./suggest-candidate.js";
import { canBeFixed, type Fix, fixesFor, settledByFixes } from "./suggest-fixes.js";
import type { NearMiss } from "./suggest-near-misses.js";
import type { ViewChange } from "./what-if-change.js";

/** How many changes one suggestion may be made of; with more it is easier to add a machine. */
const changesMax = 3;

/** How many machines are looked at: those that fail the fewest checks, and of those the least loaded. */
const lookedAtMax = 64;

/** How many sets are tried. */
const setsMax = 4;

/** Several changes that would together have one machine take a unit. */
export interface CandidateSet extends Candidate {
  /** Each of them in words. If any alone is enough, the set is too much. */
  readonly parts: readonly string[];
}

/** Changes of what keeps the unit from one machine: all that does, where no single change is enough. The fewest first. */
export function setCandidates(
  p: Planning,
  subject: Subject,
  misses: readonly NearMiss[],
): readonly CandidateSet[] {
  const alike = new Map<string, Found>();
  for (const miss of nearest(misses)) {
    const fixes = fixesFor(subject, miss.place, p.draft, miss.failed);
    const size = fixes?.reduce((sum, fix) => sum + fix.size, 0) ?? 0;
    // One that is alone is suggested by itself.
    if (fixes === undefined || fixes.length < 2 || size > changesMax) continue;
    const what = listed(fixes.map((fix) => fix.what));
    const known = alike.get(what);
    if (known === undefined) alike.set(what, { miss, fixes, what, size, machines: 1 });
    else known.machines += 1;
  }
  return [...alike.values()]
    .sort((a, b) => a.size - b.size || costOf(a.fixes) - costOf(b.fixes))
    .slice(0, setsMax)
    .map((found) => combine(p, subject, found));
}

/** What would help on one machine, and on how many others the same would. */
interface Found {
  readonly miss: NearMiss;
  readonly fixes: readonly Fix[];
  readonly what: string;
  readonly size: number;
  machines: number;
}

function costOf(fixes: readonly Fix[]): number {
  return fixes.reduce((sum, { cost }) => sum + cost, 0);
}

/** Those that fail fewer checks first, without sorting thousands. */
function nearest(misses: readonly NearMiss[]): readonly NearMiss[] {
  const byCount: NearMiss[][] = Array.from({ length: changesMax + 1 }, () => []);
  for (const miss of misses) {
    if (canBeFixed(miss.failed)) byCount[miss.failed.length]?.push(miss);
  }
  return byCount.flat().slice(0, lookedAtMax);
}

function combine(p: Planning, subject: Subject, { fixes, machines, miss, what }: Found): CandidateSet {
  const { place } = miss;
  const commands = fixes.flatMap(({ command }) => command ?? []);
  return {
    what: `on machine ${place.id}${machines > 1 ? ", or another like it" : ""}: ${what}`,
    parts: fixes.map((fix) => fix.what),
    ...(commands.length === fixes.length ? { command: commands.join(" && ") } : {}),
    // Behind all that are made of a single change.
    cost: 1_000 + costOf(fixes),
    changes: changesOf(p, fixes),
    tryIt: () => {
      const changed = fixes.reduce((unit, fix) => fix.subject?.(unit) ?? unit, subject);
      const there = fixes.reduce((machine, fix) => fix.place?.(machine) ?? machine, place);
      if (there !== place && isTakenByGlobals(p, changed, there.metadata)) return undefined;
      const isFit = checksAt(p, subject, place).every(
        (check) => settledByFixes.includes(check.name) || check.passes(changed, there, p.draft),
      );
      return isFit ? place : undefined;
    },
  };
}

function listed(parts: readonly string[]): string {
  return `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`;
}

/** Of a unit that is to demand less in several ways there is one change, with all of them. */
function changesOf({ world }: Planning, fixes: readonly Fix[]): readonly ViewChange[] {
  const lessened = new Map<UnitName, Requirements>();
  for (const { demands } of fixes) {
    if (demands === undefined) continue;
    const { lessen, unit } = demands;
    const before = lessened.get(unit) ?? world.view.units.get(unit)?.requirements;
    if (before !== undefined) lessened.set(unit, lessen(before));
  }
  return [
    ...fixes.flatMap(({ changes = [] }) => changes),
    ...[...lessened].map(([unit, requirements]): ViewChange => ({ kind: "demand", unit, requirements })),
  ];
}
