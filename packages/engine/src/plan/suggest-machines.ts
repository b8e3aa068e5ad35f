import { formatAmount, type MachineId, parseAmount } from "@fleet/core";
import { type Lack, lacksAt } from "./checks/resources.js";
import { metadataDemands, type UnmetDemands, unmetDemands } from "./explain-facts.js";
import type { Place, Stance } from "./place.js";
import type { Planning } from "./planning.js";
import type { Subject } from "./subject.js";
import {
  type Candidate,
  firstFit,
  isTakenByGlobals,
  oneOf,
  singleCandidate,
  type Trial,
} from "./suggest-candidate.js";
import { failingOnly, type NearMiss } from "./suggest-near-misses.js";
import { newMachineIds, type ViewChange } from "./what-if-change.js";

/** Changes of machines: what an operator has decided of them, whether they are there, their metadata. */
export function machineCandidates(
  p: Planning,
  subject: Subject,
  misses: readonly NearMiss[],
): readonly Candidate[] {
  return [
    ...stanceCandidates(p, subject, misses),
    ...metadataCandidates(p, subject, misses),
    ...roomCandidates(p, subject, misses),
  ];
}

/** What would make a machine take units again. */
export interface Opening {
  readonly cost: number;
  readonly words: (machine: string) => string;
  readonly command?: (id: MachineId) => string;
  readonly change: (machine: MachineId) => ViewChange;
}

const uncordon: Opening = {
  cost: 10,
  words: (machine) => `uncordon ${machine}`,
  command: (id) => `fleetctl uncordon ${id}`,
  change: (machine) => ({ kind: "policy", machine, policy: { cordoned: false, drained: false } }),
};
const bringBack: Opening = {
  cost: 40,
  words: (machine) => `bring ${machine} back`,
  change: (machine) => ({ kind: "return", machine }),
};

/** By what a machine is like, what would make it take units again. */
export const openings: { readonly [stance in Stance]?: Opening } = {
  cordoned: uncordon,
  drained: {
    ...uncordon,
    cost: 12,
    words: (machine) => (machine === "it" ? "end its drain" : `end the drain of ${machine}`),
  },
  frozen: {
    cost: 15,
    words: (machine) => `have ${machine} accept the registry`,
    command: (id) => `fleetctl machine accept ${id}`,
    change: (machine) => ({ kind: "return", machine }),
  },
  leaving: bringBack,
  away: bringBack,
  released: bringBack,
};

function stanceCandidates(p: Planning, subject: Subject, misses: readonly NearMiss[]): readonly Candidate[] {
  const byStance = new Map<Stance, Place[]>();
  for (const place of failingOnly(misses, "takes-units")) {
    const known = byStance.get(place.stance);
    if (known === undefined) byStance.set(place.stance, [place]);
    else known.push(place);
  }
  return [...byStance].flatMap(([stance, places]): readonly Candidate[] => {
    const opening = openings[stance];
    if (opening === undefined) return [];
    const { change, command, cost, words } = opening;
    return [
      onAnyOf(p, subject, cost, words, places, (place) => ({
        after: { ...place, stance: "open" },
        changes: [change(place.id)],
        ...(command === undefined ? {} : { command: command(place.id) }),
      })),
    ];
  });
}

function metadataCandidates(
  p: Planning,
  subject: Subject,
  misses: readonly NearMiss[],
): readonly Candidate[] {
  const alike = new Map<UnmetDemands, Place[]>();
  for (const place of failingOnly(misses, "machine-metadata")) {
    const unmet = unmetDemands(subject, place.metadata);
    const known = alike.get(unmet);
    if (known === undefined) alike.set(unmet, [place]);
    else known.push(place);
  }
  return [...alike].flatMap(([{ demands }, places]): readonly Candidate[] => {
    const cures = demands.flatMap(({ cure, key }): [string, string | undefined][] =>
      cure === undefined ? [] : [[key, cure ?? undefined]],
    );
    const values = new Map(cures);
    if (values.size === 0) return [];
    const words = (machines: string) => `${cureText(values)} on ${machines}`;
    return [
      // Several values are more work than one; with very many a new machine is less.
      onAnyOf(p, subject, 11 + 10 * values.size, words, places, (place) => ({
        after: withMetadata(place, values),
        changes: [...values].map(([key, value]) => ({ kind: "metadata", machine: place.id, key, value })),
      })),
    ];
  });
}

/** What one of several machines would be like after the change that any of them could have. */
interface Changed extends Pick<Trial, "changes" | "command"> {
  readonly after: Place;
}

function onAnyOf(
  p: Planning,
  subject: Subject,
  cost: number,
  words: (machines: string) => string,
  places: readonly Place[],
  change: (place: Place) => Changed,
): Candidate {
  const trial = (place: Place): Trial => {
    const { after, ...rest } = change(place);
    const tryIt = () =>
      isTakenByGlobals(p, subject, after, place) ? undefined : firstFit(p, subject, [after]);
    return { what: words(oneOf([place], 0)), ...rest, tryIt };
  };
  return { cost, trials: lazily(places, trial), anyOf: { places, words } };
}

/** There may be thousands, of which the first are mostly enough. */
function lazily<T, U>(values: readonly T[], make: (value: T) => U): Iterable<U> {
  return {
    *[Symbol.iterator]() {
      for (const value of values) yield make(value);
    },
  };
}

/** `set disk=ssd and remove gpu`. */
export function cureText(changes: ReadonlyMap<string, string | undefined>): string {
  const set = [...changes].flatMap(([key, value]) => (value === undefined ? [] : `${key}=${value}`));
  const unset = [...changes].flatMap(([key, value]) => (value === undefined ? key : []));
  const parts = [
    ...(set.length === 0 ? [] : [`set ${set.join(" and ")}`]),
    ...(unset.length === 0 ? [] : [`remove ${unset.join(" and ")}`]),
  ];
  return parts.join(" and ");
}

function withMetadata(place: Place, changes: ReadonlyMap<string, string | undefined>): Place {
  const metadata: Record<string, string> = { ...place.metadata };
  for (const [key, value] of changes) {
    if (value === undefined) delete metadata[key];
    else metadata[key] = value;
  }
  return { ...place, metadata };
}

/** Has the machine that lacks least have as much as is needed. */
function roomCandidates(p: Planning, subject: Subject, misses: readonly NearMiss[]): readonly Candidate[] {
  let best: { readonly place: Place; readonly lacks: readonly Lack[]; readonly part: number } | undefined;
  for (const place of failingOnly(misses, "resources")) {
    const lacks = lacksAt(subject, place, p.draft).filter(({ free, needed }) => needed > free);
    const part = Math.max(...lacks.map(({ free, needed }) => (needed - free) / needed));
    if (best === undefined || part < best.part) best = { place, lacks, part };
  }
  if (best === undefined) return [];
  const { lacks, place } = best;
  const amounts = Object.fromEntries(lacks.map(({ free, name, needed }) => [name, needed - free]));
  return [
    singleCandidate(35, {
      what: `${roomWords(lacks)} on machine ${place.id}`,
      changes: [{ kind: "free", machine: place.id, amounts }],
      // Everything else has been passed already, and now there is room.
      tryIt: () => place,
    }),
  ];
}

/** `free memory=88M`, or `add` if there is too little in all. */
export function roomWords(lacks: readonly Lack[]): string {
  const words = lacks.map(({ free, name, needed }) => `${name}=${atLeast(name, needed - free)}`);
  const isSmall = lacks.some(({ capacity, needed }) => needed > capacity);
  return `${isSmall ? "add" : "free"} ${words.join(" and ")}`;
}

/** One more machine, with the metadata that the unit demands. */
export function newMachineCandidate(p: Planning, subject: Subject): readonly Candidate[] {
  if (subject.machineId !== undefined || subject.peerNames.length > 0) return [];
  const demands = metadataDemands(subject);
  const metadata: Record<string, string> = {};
  for (const { cure, key } of demands) {
    if (cure === undefined) return [];
    if (cure !== null) metadata[key] = cure;
  }
  if (!demands.every(({ isMet }) => isMet(metadata))) return [];
  const text = Object.entries(metadata).map(([key, value]) => `${key}=${value}`);
  const capacity = Object.fromEntries(
    subject.reserve.map(({ amount, resource }): [string, number] => [resource.name, amount]),
  );
  for (const name of Object.keys(capacity)) text.push(`${name}=${atLeast(name, capacity[name] ?? 0)}`);
  const [machine] = newMachineIds(p.world.view, 1);
  if (machine === undefined) return [];
  return [
    singleCandidate(60, {
      what: `add a machine${text.length === 0 ? "" : ` with ${text.join(" and ")}`}`,
      changes: [{ kind: "add", machine, metadata, capacity }],
      tryIt: () => (isTakenByGlobals(p, subject, { metadata }, undefined) ? undefined : "new"),
    }),
  ];
}

/** Prints an amount so that what is printed is enough: memory is rounded down for people otherwise. */
function atLeast(name: string, amount: number): string {
  for (let part = 0; part < 100; part += 1) {
    const text = formatAmount(name, Math.ceil(amount * (1 + part / 1_000)));
    if ((parseAmount(name, text) ?? 0) >= amount) return text;
  }
  return String(amount);
}
