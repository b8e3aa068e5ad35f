import {
  isTemplate,
  type MetadataRule,
  type Requirements,
  type Seat,
  templateOf,
  type Unit,
  type UnitName,
  type UnitState,
  unitLimits,
  type Wish,
} from "@fleet/core";
import type { Pattern, PatternBook, Tally } from "./pattern-book.js";
import type { Place } from "./place.js";
import { nothingReserved, type Reservation, type ResourceBook } from "./resources.js";

/**
 * What the planner may do with a unit.
 * `plain`: give it one seat. `global`: give it one on every eligible machine. `unwanted`: take its seats away.
 * `unreadable`: its record says something nobody understands; leave it as it is. `recordless`: seats or states name it,
 * but no record does, which proves nothing; leave it as it is too.
 */
export type SubjectKind = "plain" | "global" | "unwanted" | "unreadable" | "recordless";

/** A seat and the machine it is on. */
export interface Claim {
  readonly place: Place;
  readonly seat: Seat;
}

/** A unit that a machine reports as being there, though it has no seat on it. */
export interface Stray {
  readonly subject: Subject;
  readonly place: Place;
  readonly state: UnitState;
  readonly active: boolean;
}

/** How far the planner has got with a plain unit. */
export type Progress =
  /** Nothing is decided; if it has a seat, it holds that place for the time being. */
  | "open"
  /** It is where it is to be. */
  | "placed"
  /** It has no place in this plan. */
  | "waiting";

/**
 * A unit as the planner sees it, with what is proposed for it so far. It lives for one plan; the view it was made from
 * is never changed.
 */
export interface Subject {
  readonly name: UnitName;
  readonly kind: SubjectKind;
  readonly unit: Unit | undefined;
  /** The machine it is pinned to; `undefined` for no demand and for global units, which must not make one. */
  readonly machineId: string | undefined;
  readonly machineMetadata: ReadonlyMap<string, readonly string[]>;
  /** What else it demands of the machine's metadata. */
  readonly metadataRules: readonly MetadataRule[];
  /** Names of the units it follows; none for global units. */
  readonly peerNames: readonly string[];
  readonly conflicts: readonly Pattern[];
  /** Patterns of any unit's `Conflicts` that match its name. */
  readonly conflictedBy: readonly Pattern[];
  readonly replaces: readonly Pattern[];
  readonly replacedBy: readonly Pattern[];
  /** What it takes of its machine. */
  readonly reserve: readonly Reservation[];
  /** What makes a machine better or worse for it. */
  readonly wishes: readonly WishTerm[];
  /** Patterns of any unit's wishes that match its name. */
  readonly wishedBy: readonly Pattern[];
  /** The metadata key over which the instances of its template are spread. */
  readonly spread: string | undefined;
  /** Whether it never runs twice. */
  readonly exclusive: boolean;
  /** How many instances of its template each machine has; absent for units that are no instances. */
  readonly siblings: Tally | undefined;

  // What follows is decided while the plan is made.

  /** Those of its peers that anything is known of. */
  peers: readonly Subject[];
  followers: readonly Subject[];
  /** 0 follows nobody, 1 follows such a unit, and so on. */
  depth: number;
  /** The units it waits for in a ring, itself among them. */
  cycle: Ring | undefined;

  /** Its live seats, the one to be kept first. */
  claims: readonly Claim[];
  /** Machines where it has a seat of any kind, tombstones included: no new seat can be made there. */
  keyed: ReadonlySet<number>;
  /** Machines that will not take it, and why. */
  refusedBy: ReadonlyMap<number, string>;
  strays: readonly Stray[];
  /** The tombstones that machines have not acknowledged yet. */
  stopping: readonly Claim[];

  progress: Progress;
  /** Where it is to be, or where it holds its place while nothing is decided. */
  at: Place | undefined;
  /** The seat it leaves or keeps. */
  from: Claim | undefined;
  /** Whether it must leave `from` even if there is nowhere to go. */
  evicted: boolean;
  /** Whether it leaves `from` now and gets another place in a later plan: because it is exclusive. */
  vacates: boolean;
  /** Whether it keeps its seat as that is, though it should say something else by now: because it is exclusive. */
  withheld: boolean;
  /** Why it leaves `from`; `undefined` if it does not want to. */
  leavingBecause: string | undefined;
  /** Whether it is to leave `from` only when a second copy has taken over. */
  handsOver: boolean;
  /** In a hand-over: its seat on the machine that it leaves, beside `at`. */
  predecessor: Claim | undefined;
  /** Why it is where it is to be, if it was not there before. */
  arrivingBecause: string;
  /** How often it was moved, in this plan, to make way for a unit that replaces it. */
  displacements: number;
  /** The unit that replaces it where it was. */
  displacedBy: Subject | undefined;
}

/** Units that follow each other, so that each waits for all others. */
export interface Ring {
  /** By name. */
  readonly members: readonly Subject[];
  has(subject: Subject): boolean;
  /** The ring in words: `a.service -> b.service -> a.service`. */
  readonly text: string;
  /** The first members by name. */
  readonly names: readonly UnitName[];
}

/** A wish, with the pattern that it shares with others. */
export type WishTerm =
  | { readonly kind: "metadata"; readonly weight: number; readonly text: string; readonly rule: MetadataRule }
  | { readonly kind: "unit"; readonly weight: number; readonly text: string; readonly pattern: Pattern };

/** Where subjects get what they share. */
export interface SubjectBooks {
  readonly conflicts: PatternBook;
  readonly replaces: PatternBook;
  readonly wishes: PatternBook;
  readonly siblings: Map<UnitName, Tally>;
  readonly resources: ResourceBook;
  /** Whether a unit's own limits count as reserved, of what it does not reserve in so many words. */
  readonly reserveFromUnit: boolean;
}

/** Tells what the planner may do with a unit whose record is there. */
export function kindOf(unit: Unit, unreadable: boolean): SubjectKind {
  if (unreadable || unit.content === undefined || unit.requirements === undefined) return "unreadable";
  if (unit.desiredState === "inactive" || isTemplate(unit.name)) return "unwanted";
  return unit.requirements.global ? "global" : "plain";
}

/**
 * Prepares a unit for planning. All patterns of all units must have been interned before, so that `conflictedBy` is
 * complete.
 */
export function makeSubject(
  name: UnitName,
  kind: SubjectKind,
  unit: Unit | undefined,
  books: SubjectBooks,
): Subject {
  // A unit that is not to be touched holds its place like any other, as far as it is known what it excludes and takes.
  const held = unit?.requirements;
  const requirements = kind === "unreadable" || kind === "recordless" ? undefined : held;
  const isPlain = kind === "plain";
  return {
    name,
    kind,
    unit,
    machineId: isPlain ? requirements?.machineId : undefined,
    machineMetadata: requirements?.machineMetadata ?? noMetadata,
    metadataRules: requirements?.metadataRules ?? noRules,
    peerNames: isPlain ? (requirements?.machineOf ?? []) : [],
    conflicts: patternsOf(held?.conflicts, books.conflicts),
    conflictedBy: books.conflicts.matching(name),
    replaces: isPlain ? patternsOf(requirements?.replaces, books.replaces) : [],
    replacedBy: isPlain ? books.replaces.matching(name) : [],
    reserve: held === undefined ? nothingReserved : reservationsOf(held, unit, books),
    wishes: isPlain ? wishesOf(requirements?.wishes, books.wishes) : noWishes,
    wishedBy: books.wishes.matching(name),
    spread: isPlain ? requirements?.spread : undefined,
    exclusive: isPlain && requirements?.exclusive === true,
    siblings: siblingsOf(name, books),
    peers: noSubjects,
    followers: noSubjects,
    depth: 0,
    cycle: undefined,
    claims: noClaims,
    keyed: noKeys,
    refusedBy: noRefusals,
    strays: noStrays,
    stopping: noClaims,
    progress: "open",
    at: undefined,
    from: undefined,
    evicted: false,
    vacates: false,
    withheld: false,
    leavingBecause: undefined,
    handsOver: false,
    predecessor: undefined,
    arrivingBecause: "",
    displacements: 0,
    displacedBy: undefined,
  };
}

// Most units have none of these, and there are many units.
const noMetadata: ReadonlyMap<string, readonly string[]> = new Map();
const noRules: readonly MetadataRule[] = [];
const noWishes: readonly WishTerm[] = [];
const noSubjects: readonly Subject[] = [];
const noClaims: readonly Claim[] = [];
const noStrays: readonly Stray[] = [];
const noKeys: ReadonlySet<number> = new Set();
const noRefusals: ReadonlyMap<number, string> = new Map();
const noPatterns: readonly Pattern[] = [];

/** Whether the rules keep two units apart. */
export function areRivals(a: Subject, b: Subject): boolean {
  return (
    a.conflicts.some((pattern) => b.conflictedBy.includes(pattern)) ||
    b.conflicts.some((pattern) => a.conflictedBy.includes(pattern))
  );
}

/** Notes that the unit has a seat of any kind on a machine. */
export function addKey(subject: Subject, index: number): void {
  if (subject.keyed === noKeys) subject.keyed = new Set([index]);
  else (subject.keyed as Set<number>).add(index);
}

/** Notes that a machine will not take the unit. */
export function addRefusal(subject: Subject, index: number, reason: string): void {
  if (subject.refusedBy === noRefusals) subject.refusedBy = new Map([[index, reason]]);
  else (subject.refusedBy as Map<number, string>).set(index, reason);
}

/** Adds to one of the lists that are shared while they are empty. */
export function appended<T>(list: readonly T[], entry: T): readonly T[] {
  if (list.length === 0) return [entry];
  (list as T[]).push(entry);
  return list;
}

function patternsOf(texts: readonly string[] | undefined, book: PatternBook): readonly Pattern[] {
  if (texts === undefined || texts.length === 0) return noPatterns;
  return [...new Set(texts)].map((text) => book.intern(text));
}

function reservationsOf(
  { reserve }: Requirements,
  unit: Unit | undefined,
  { resources, reserveFromUnit }: SubjectBooks,
): readonly Reservation[] {
  if (!reserveFromUnit || unit?.content === undefined) return resources.reservations(reserve);
  const limits = unitLimits(unit.content.options);
  return resources.reservations(limits.size === 0 ? reserve : new Map([...limits, ...reserve]));
}

function wishesOf(wishes: readonly Wish[] | undefined, book: PatternBook): readonly WishTerm[] {
  if (wishes === undefined || wishes.length === 0) return noWishes;
  return wishes.map((wish) =>
    wish.kind === "metadata" ? wish : { ...wish, pattern: book.intern(wish.pattern) },
  );
}

function siblingsOf(name: UnitName, books: SubjectBooks): Tally | undefined {
  const template = templateOf(name);
  if (template === undefined) return undefined;
  let siblings = books.siblings.get(template);
  if (siblings === undefined) {
    siblings = new Map();
    books.siblings.set(template, siblings);
  }
  return siblings;
}
