import type { MachineId } from "../machine/machine-id.js";
import type { UnitName } from "../unit/unit-name.js";
import type { DesiredState } from "./desired-state.js";
import type { Revision } from "./revision.js";
import type { SeatTarget } from "./seat.js";
import type { UnitState } from "./unit-state.js";

/** How a unit stands with the planner, in the words of the API. */
export const unitStandings = [
  "placed",
  "moving",
  "arriving",
  "waiting",
  "global",
  "inactive",
  "template",
  "unreadable",
  "unrecorded",
] as const;

/**
 * How a unit stands with the planner.
 * `placed`: it has a seat and keeps it. `moving`: it is about to leave its seat for another. `arriving`: it is about to get
 * its first one. `waiting`: it wants a place, or another one, and there is none. `global`: it has many places.
 * `inactive`, `template`: nobody wants it anywhere. `unreadable`: its record is left as it is. `unrecorded`: machines or
 * seats name it, and no record does.
 */
export type UnitStanding = (typeof unitStandings)[number];

/** What a unit has to do with a machine, in the words of the API. */
export const placeRoles = ["seat", "leaving", "arriving", "stopping", "copy"] as const;

/**
 * What a unit has to do with a machine.
 * `seat`: it belongs there. `leaving`: it has a seat there that is about to be taken away. `arriving`: it is about to get a
 * seat there. `stopping`: the machine was told to let go of it. `copy`: it is there without a seat.
 */
export type PlaceRole = (typeof placeRoles)[number];

/** One machine that a unit has to do with. */
export interface ExplainedPlace {
  readonly machine: MachineId;
  /** Whether the machine is there. */
  readonly present: boolean;
  readonly role: PlaceRole;
  /** Why, in a sentence for people: what the seat was given for, or what the planner says of it now. */
  readonly reason: string;
  /** What the seat asks of the machine, if there is one. */
  readonly target?: SeatTarget;
  /** The revision at which the seat came to be: its age. */
  readonly seatRevision?: Revision;
  /** What the machine says of the unit. */
  readonly state?: UnitState;
}

/** Something that was found on machines where something else is wanted. */
export interface FoundFact {
  /** `zone=us`, `no zone`, `free memory 300M`. */
  readonly what: string;
  readonly machines: number;
}

/** Machines that will not do for the same reason: the first check that each of them fails. */
export interface ExplainedObjection {
  /** The name of the check. */
  readonly check: string;
  readonly machines: number;
  /** What is wrong with them, agreeing with the number: `lacks zone=eu`, `lack zone=eu`. */
  readonly what: string;
  /** The first of the machines, by id. */
  readonly examples: readonly MachineId[];
  /** What the unit demands, if the check is about a demand: `zone=eu`. */
  readonly wanted?: string;
  /** What is there instead, most machines first. */
  readonly found: readonly FoundFact[];
  /** The other units it is about, by name: those it conflicts with, or the one it follows; the first of many. */
  readonly others: readonly UnitName[];
  /** The pattern that keeps them apart. */
  readonly pattern?: string;
  /** Whose pattern that is, if it is one unit's. */
  readonly declaredBy?: UnitName;
}

/** A change that would give a unit a place. */
export interface Suggestion {
  /** What to do, in the imperative: `set disk=ssd on one of 3 machines`. */
  readonly what: string;
  /** A command that does it, if one does. */
  readonly command?: string;
  /** Where the unit would go then, if that machine exists already. */
  readonly machine?: MachineId;
  /**
   * How it is known. `planned`: the whole cluster was planned with that change. `tried`: the planner's checks let it pass
   * with that change, all other decisions being as they are.
   */
  readonly proof: "planned" | "tried";
}

/** Why a unit is where it is, or why it is nowhere. */
export interface Explanation {
  readonly unit: UnitName;
  /** The state of the cluster that this is said of. */
  readonly revision: Revision;
  readonly standing: UnitStanding;
  /** One sentence, without the unit's name: `has no place: 3 machines lack zone=eu`. */
  readonly summary: string;
  /** Absent if no record says. */
  readonly desiredState?: DesiredState;
  /** By machine; of a global unit on many machines those where something is amiss come first, and not all are listed. */
  readonly places: readonly ExplainedPlace[];
  /** How many places there are in all. */
  readonly placesTotal: number;
  /** Why the other machines will not do, most machines first; empty for a unit that looks for no place. */
  readonly objections: readonly ExplainedObjection[];
  /** The smallest changes that would give it a place; empty if it needs none or none was found. */
  readonly suggestions: readonly Suggestion[];
  /** What else there is to say, in sentences. */
  readonly remarks: readonly string[];
}
