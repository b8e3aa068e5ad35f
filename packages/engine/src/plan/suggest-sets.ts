import type { Requirements, UnitName } from "@fleet/core";
import { checksAt } from "./explain-checks.js";
import type { Planning } from "./planning.js";
import type { Applicant } from "./suggest-applicant.js";
import { type Candidate, isTakenByGlobals, keyOf, type Trial } from "./suggest-candidate.js";
import { canBeFixed, type Fix, fixesFor, settledByFixes } from "./suggest-fixes.js";
import type { NearMiss } from "./suggest-near-misses.js";
import type { ViewChange } from "./what-if-change.js";

/** How many changes one suggestion may be made of; with more it is easier to add a machine. */
const changesMax = 3;

/** How many machines are looked at: those that fail the fewest checks, and of those the least loaded. */
const lookedAtMax = 64;

/** And how many of those of which the same is wrong. */
const alikeMax = 16;

/** How many sets are tried. */
const setsMax = 4;

/** Several changes that would together have one machine take the applicant. */
export interface SetTrial extends Trial {
  readonly parts: readonly string[];
}

/**
 * Changes of what keeps the applicant from one machine: all that does, where no single change is enough.
 * @returns the fewest changes first.
 */
export function setCandidates(
  p: Planning,
  applicant: Applicant,
  misses: readonly NearMiss[],
): readonly Candidate<SetTrial>[] {
  const alike = new Map<string, Found[]>();
  for (const miss of nearest(misses)) {
    const fixes = fixesFor(applicant, miss.place, p.draft, miss.failed);
    const size = fixes?.reduce((sum, fix) => sum + fix.size, 0) ?? 0;
    // One that is alone is suggested by itself.
    if (fixes === undefined || fixes.length < 2 || size > changesMax) continue;
    const what = listed(fixes.map((fix) => fix.what));
    const known = alike.get(what);
    if (known === undefined) alike.set(what, [{ miss, fixes, what, size }]);
    else known.push({ miss, fixes, what, size });
  }
  return [...alike.values()]
    .map((machines): Candidate<SetTrial> => {
      const { fixes, size } = machines[0]!;
      const trials = machines.map((found, index) =>
        combine(p, applicant, found, machines.length - index > 1),
      );
      // Behind all that are made of a single change.
      return { cost: 1_000 * size + costOf(fixes), trials };
    })
    .sort((a, b) => a.cost - b.cost)
    .slice(0, setsMax);
}

/** What would help on one machine. */
interface Found {
  readonly miss: NearMiss;
  readonly fixes: readonly Fix[];
  readonly what: string;
  readonly size: number;
}

function costOf(fixes: readonly Fix[]): number {
  return fixes.reduce((sum, { cost }) => sum + cost, 0);
}

/** Those that fail fewer checks first, without sorting thousands; and not all of one kind. */
function nearest(misses: readonly NearMiss[]): readonly NearMiss[] {
  const byCount: NearMiss[][] = Array.from({ length: changesMax + 1 }, () => []);
  const alike = new Map<string, number>();
  for (const miss of misses) {
    if (!canBeFixed(miss.failed)) continue;
    const kind = `${miss.place.stance} ${miss.failed.join(" ")}`;
    const count = alike.get(kind) ?? 0;
    alike.set(kind, count + 1);
    if (count < alikeMax) byCount[miss.failed.length]?.push(miss);
  }
  return byCount.flat().slice(0, lookedAtMax);
}

function combine(p: Planning, applicant: Applicant, { fixes, miss, what }: Found, more: boolean): SetTrial {
  const { place } = miss;
  const commands = fixes.flatMap(({ command }) => command ?? []);
  return {
    what: `on machine ${place.id}${more ? ", or another like it" : ""}: ${what}`,
    parts: fixes.map(keyOf),
    ...(commands.length === fixes.length ? { command: commands.join(" && ") } : {}),
    changes: changesOf(p, fixes),
    tryIt: () => {
      const changed = fixes.reduce((before, fix) => fix.applicant?.(before) ?? before, applicant).whole;
      const there = fixes.reduce((machine, fix) => fix.place?.(machine) ?? machine, place);
      if (changed.cycle !== undefined) return undefined;
      if (there !== place && isTakenByGlobals(p, changed, there, place)) return undefined;
      const isFit = checksAt(p, applicant.whole, place).every(
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
