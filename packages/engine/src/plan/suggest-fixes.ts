import { compareUnitNames, type Metadata, type Requirements, type UnitName } from "@fleet/core";
import { lacksAt } from "./checks/resources.js";
import { contradictionsOf } from "./contradiction.js";
import type { Draft } from "./draft.js";
import { metadataDemands } from "./explain-facts.js";
import type { Pattern } from "./pattern-book.js";
import type { Place } from "./place.js";
import type { CheckName } from "./refusal.js";
import type { Subject } from "./subject.js";
import type { Applicant } from "./suggest-applicant.js";
import { listDropsOf, type OwnedDrop } from "./suggest-demands.js";
import { cureText, openings, roomWords } from "./suggest-machines.js";
import type { ViewChange } from "./what-if-change.js";

/** One of several changes that would together have a machine take a unit. */
export interface Fix {
  /** In the imperative; the machine is known. */
  readonly what: string;
  readonly command?: string;
  readonly cost: number;
  /** How many things are changed. */
  readonly size: number;
  readonly changes?: readonly ViewChange[];
  /** A unit that demands less, and what it demands then. */
  readonly demands?: {
    readonly unit: UnitName;
    readonly lessen: (requirements: Requirements) => Requirements;
  };
  /** What the checks are asked of then, instead of the unit and the machine. */
  readonly applicant?: (applicant: Applicant) => Applicant;
  readonly place?: (place: Place) => Place;
}

type FixOf = (applicant: Applicant, place: Place, draft: Draft) => readonly Fix[] | undefined;

/**
 * For each check that a machine may fail, what would have it passed there altogether: `undefined` if nothing would. A check
 * that is not listed cannot be helped.
 */
const fixesByCheck: { readonly [name in CheckName]?: FixOf } = {
  "machine-id": (applicant, { id }) =>
    listDropsOf(applicant)
      .filter(({ check, value }) => check === "machine-id" && value !== id)
      .map(dropFix),
  "takes-units": (_applicant, { id, stance }) => {
    const opening = openings[stance];
    if (opening === undefined) return undefined;
    const { change, command, cost, words } = opening;
    return [
      {
        what: words("it"),
        ...(command === undefined ? {} : { command: command(id) }),
        cost,
        size: 1,
        changes: [change(id)],
        place: (place) => ({ ...place, stance: "open" }),
      },
    ];
  },
  "machine-metadata": metadataFixes,
  "machine-of": (applicant, place, draft) => {
    const { peerNames, peers } = applicant.whole;
    const away = new Set(
      peerNames.filter((name) => {
        const peer = peers.find((candidate) => candidate.name === name);
        return peer === undefined || !draft.hasSeat(peer, place);
      }),
    );
    return listDropsOf(applicant)
      .filter(({ check, value }) => check === "machine-of" && away.has(value))
      .map(dropFix);
  },
  conflicts: conflictFixes,
  resources: ({ whole }, place, draft) => {
    const lacks = lacksAt(whole, place, draft).filter(({ free, needed }) => needed > free);
    const amounts = Object.fromEntries(lacks.map(({ free, name, needed }) => [name, needed - free]));
    const changes: readonly ViewChange[] = [{ kind: "free", machine: place.id, amounts }];
    return [{ what: roomWords(lacks), cost: 35, size: lacks.length, changes }];
  },
};

/** The checks that a machine is taken to pass once what {@link fixesFor} names is done, whatever they are asked. */
export const settledByFixes: readonly CheckName[] = ["conflicts", "resources"];

/** What would have the machine pass all of these checks; `undefined` if nothing would. */
export function fixesFor(
  applicant: Applicant,
  place: Place,
  draft: Draft,
  failed: readonly CheckName[],
): readonly Fix[] | undefined {
  const fixes: Fix[] = [];
  for (const check of failed) {
    const found = fixesByCheck[check]?.(applicant, place, draft);
    if (found === undefined || found.length === 0) return undefined;
    fixes.push(...found);
  }
  return fixes;
}

/** Whether anything would help against these checks at all. */
export function canBeFixed(failed: readonly CheckName[]): boolean {
  return failed.every((check) => fixesByCheck[check] !== undefined);
}

function dropFix({ lessen, option, subject: less, unit: { name } }: OwnedDrop): Fix {
  return {
    what: `remove ${option} from ${name}`,
    cost: 30,
    size: 1,
    demands: { unit: name, lessen },
    applicant: (applicant) => applicant.lessen(name, less),
  };
}

/** Takes demands away until they do not rule each other out, and has the machine meet the rest. */
function metadataFixes(applicant: Applicant, place: Place): readonly Fix[] | undefined {
  const fixes: Fix[] = [];
  let rest = applicant;
  while (contradictionsOf(rest.whole).length > 0) {
    const drop = dropAgainstContradiction(rest, place.metadata);
    if (drop === undefined) return undefined;
    fixes.push(dropFix(drop));
    rest = rest.lessen(drop.unit.name, drop.subject);
  }
  const cures = curesFor(rest.whole, place.metadata);
  for (const { text } of cures.incurable) {
    const drop = listDropsOf(rest).find(({ value }) => value === text);
    if (drop === undefined) return undefined;
    fixes.push(dropFix(drop));
  }
  if (cures.values.size === 0) return fixes;
  fixes.push({
    what: cureText(cures.values),
    cost: 20,
    size: cures.values.size,
    changes: [...cures.values].map(([key, value]) => ({ kind: "metadata", machine: place.id, key, value })),
    place: (before) => ({ ...before, metadata: withValues(before.metadata, cures.values) }),
  });
  return fixes;
}

/** The one of the demands in question with which gone least has to be changed on the machine. */
function dropAgainstContradiction(applicant: Applicant, metadata: Metadata): OwnedDrop | undefined {
  const before = contradictionsOf(applicant.whole).length;
  const drops: OwnedDrop[] = [];
  const costs: number[] = [];
  for (const drop of listDropsOf(applicant)) {
    if (drop.check !== "machine-metadata") continue;
    const { whole } = applicant.lessen(drop.unit.name, drop.subject);
    if (contradictionsOf(whole).length >= before) continue;
    const { incurable, values } = curesFor(whole, metadata);
    drops.push(drop);
    costs.push(2 * incurable.length + values.size);
  }
  return drops[costs.indexOf(Math.min(...costs))];
}

interface Cures {
  readonly values: ReadonlyMap<string, string | undefined>;
  /** Demands that are not met and for which no value is known. */
  readonly incurable: readonly { readonly text: string }[];
}

/** What a machine would have to say of itself to meet what it does not meet. */
function curesFor(subject: Subject, metadata: Metadata): Cures {
  const demands = metadataDemands(subject);
  const values = new Map<string, string | undefined>();
  const incurable = [];
  for (const { cure, isMet, key, text } of demands) {
    if (values.has(key) || isMet(metadata)) continue;
    const ofKey = demands.filter((other) => other.key === key);
    const candidates = [cure, ...ofKey.map((other) => other.cure)].filter((value) => value !== undefined);
    const found = candidates.find((value) => {
      const changed = withValues({}, new Map([[key, value ?? undefined]]));
      return ofKey.every((other) => other.isMet(changed));
    });
    if (found === undefined) incurable.push({ text });
    else values.set(key, found ?? undefined);
  }
  return { values, incurable };
}

function withValues(metadata: Metadata, values: ReadonlyMap<string, string | undefined>): Metadata {
  const changed: Record<string, string> = { ...metadata };
  for (const [key, value] of values) {
    if (value === undefined) delete changed[key];
    else changed[key] = value;
  }
  return changed;
}

/** Has neither the unit nor the others there mind each other; or has the others go, if that is less. */
function conflictFixes(applicant: Applicant, place: Place, draft: Draft): readonly Fix[] | undefined {
  const subject = applicant.whole;
  const own = new Set<Pattern>();
  const minding = new Map<Subject, readonly Pattern[]>();
  const rivals = new Set<Subject>();
  // Who came first depends on what was tried before.
  const residents = [...draft.residentsOf(place).keys()].sort((a, b) => compareUnitNames(a.name, b.name));
  for (const other of residents) {
    if (other === subject) continue;
    const minded = subject.conflicts.filter((pattern) => other.conflictedBy.includes(pattern));
    const minds = other.conflicts.filter((pattern) => subject.conflictedBy.includes(pattern));
    if (minded.length + minds.length === 0) continue;
    if (other.unit?.requirements === undefined) return undefined;
    rivals.add(other);
    for (const pattern of minded) own.add(pattern);
    if (minds.length > 0) minding.set(other, minds);
  }
  if (rivals.size < own.size + minding.size) return [...rivals].map(unloadFix);
  const ownDrops = listDropsOf(applicant).filter(
    ({ check, value }) => check === "conflicts" && [...own].some(({ text }) => text === value),
  );
  return [
    ...ownDrops.map(dropFix),
    ...[...minding].map(([{ name }, patterns]): Fix => {
      const texts = patterns.map(({ text }) => text);
      return {
        what: `remove ${texts.map((text) => `Conflicts=${text}`).join(" and ")} from ${name}`,
        cost: 32,
        size: texts.length,
        demands: {
          unit: name,
          lessen: (requirements) => ({
            ...requirements,
            conflicts: requirements.conflicts.filter((text) => !texts.includes(text)),
          }),
        },
      };
    }),
  ];
}

function unloadFix({ name }: Subject): Fix {
  return {
    what: `unload ${name}`,
    command: `fleetctl unload ${name}`,
    cost: 50,
    size: 1,
    changes: [{ kind: "want", unit: name, desiredState: "inactive" }],
  };
}
