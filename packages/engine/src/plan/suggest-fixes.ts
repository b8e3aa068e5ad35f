import type { Metadata, Requirements, UnitName } from "@fleet/core";
import { lacksAt } from "./checks/resources.js";
import { contradictionsOf } from "./contradiction.js";
import type { Draft } from "./draft.js";
import { metadataDemands } from "./explain-facts.js";
import type { Pattern } from "./pattern-book.js";
import type { Place } from "./place.js";
import type { CheckName } from "./refusal.js";
import type { Subject } from "./subject.js";
import { type Drop, listDrops } from "./suggest-demands.js";
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
  readonly subject?: (subject: Subject) => Subject;
  readonly place?: (place: Place) => Place;
}

type FixOf = (subject: Subject, place: Place, draft: Draft) => readonly Fix[] | undefined;

/**
 * For each check that a machine may fail, what would have it passed there altogether: `undefined` if nothing would. A check
 * that is not listed cannot be helped.
 */
const fixesByCheck: { readonly [name in CheckName]?: FixOf } = {
  "machine-id": (subject) =>
    listDrops(subject)
      .filter(({ check }) => check === "machine-id")
      .map((drop) => dropFix(subject, drop)),
  "takes-units": (_subject, { id, stance }) => {
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
  "machine-of": (subject, place, draft) => {
    const away = new Set(
      subject.peerNames.filter((name) => {
        const peer = subject.peers.find((candidate) => candidate.name === name);
        return peer === undefined || !draft.hasSeat(peer, place);
      }),
    );
    return listDrops(subject)
      .filter(({ check, value }) => check === "machine-of" && away.has(value))
      .map((drop) => dropFix(subject, drop));
  },
  conflicts: conflictFixes,
  resources: (subject, place, draft) => {
    const lacks = lacksAt(subject, place, draft).filter(({ free, needed }) => needed > free);
    const amounts = Object.fromEntries(lacks.map(({ free, name, needed }) => [name, needed - free]));
    const changes: readonly ViewChange[] = [{ kind: "free", machine: place.id, amounts }];
    return [{ what: roomWords(lacks), cost: 35, size: lacks.length, changes }];
  },
};

/** The checks that a machine is taken to pass once what {@link fixesFor} names is done, whatever they are asked. */
export const settledByFixes: readonly CheckName[] = ["conflicts", "resources"];

/** What would have the machine pass all of these checks; `undefined` if nothing would. */
export function fixesFor(
  subject: Subject,
  place: Place,
  draft: Draft,
  failed: readonly CheckName[],
): readonly Fix[] | undefined {
  const fixes: Fix[] = [];
  for (const check of failed) {
    const found = fixesByCheck[check]?.(subject, place, draft);
    if (found === undefined || found.length === 0) return undefined;
    fixes.push(...found);
  }
  return fixes;
}

/** Whether anything would help against these checks at all. */
export function canBeFixed(failed: readonly CheckName[]): boolean {
  return failed.every((check) => fixesByCheck[check] !== undefined);
}

function dropFix({ name }: Subject, { lessen, option, subject: less }: Drop): Fix {
  return {
    what: `remove ${option} from ${name}`,
    cost: 30,
    size: 1,
    demands: { unit: name, lessen },
    subject: less,
  };
}

/** Takes demands away until they do not rule each other out, and has the machine meet the rest. */
function metadataFixes(subject: Subject, place: Place): readonly Fix[] | undefined {
  const fixes: Fix[] = [];
  let rest = subject;
  while (contradictionsOf(rest).length > 0) {
    const drop = dropAgainstContradiction(rest, place.metadata);
    if (drop === undefined) return undefined;
    fixes.push(dropFix(subject, drop));
    rest = drop.subject(rest);
  }
  const cures = curesFor(rest, place.metadata);
  for (const { text } of cures.incurable) {
    const drop = listDrops(rest).find(({ value }) => value === text);
    if (drop === undefined) return undefined;
    fixes.push(dropFix(subject, drop));
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
function dropAgainstContradiction(subject: Subject, metadata: Metadata): Drop | undefined {
  const before = contradictionsOf(subject).length;
  const drops = listDrops(subject).filter(
    (drop) => drop.check === "machine-metadata" && contradictionsOf(drop.subject(subject)).length < before,
  );
  const costs = drops.map((drop) => {
    const { incurable, values } = curesFor(drop.subject(subject), metadata);
    return 2 * incurable.length + values.size;
  });
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
function conflictFixes(subject: Subject, place: Place, draft: Draft): readonly Fix[] | undefined {
  const own = new Set<Pattern>();
  const minding = new Map<Subject, readonly Pattern[]>();
  const rivals = new Set<Subject>();
  for (const other of draft.residentsOf(place).keys()) {
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
  const ownDrops = listDrops(subject).filter(
    ({ check, value }) => check === "conflicts" && [...own].some(({ text }) => text === value),
  );
  return [
    ...ownDrops.map((drop) => dropFix(subject, drop)),
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
