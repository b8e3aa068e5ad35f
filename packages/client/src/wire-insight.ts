import type { UnitStateV2 } from "./wire-v2.js";

/** One machine that a unit has to do with. */
export interface ExplainedPlaceV2 {
  readonly machineID: string;
  /** Whether the machine is there at present. */
  readonly present: boolean;
  /** Why, in a sentence of the engine. */
  readonly reason?: string;
  /**
   * `seat`: it belongs there; `leaving`: it is about to lose its seat there; `arriving`: it is about to get one;
   * `stopping`: the machine was told to let go of it; `copy`: it is there without a seat.
   */
  readonly role: string;
  /** The revision at which the seat came to be; left out without a seat. */
  readonly seatRevision?: number;
  /** What the machine says of the unit. */
  readonly state?: UnitStateV2;
  /** What the seat asks for: `launched`, `loaded` or `absent`. */
  readonly target?: string;
}

/** Something that was found on machines where something else is wanted. */
export interface FoundFactV2 {
  readonly machines: number;
  readonly what: string;
}

/** Machines that will not do for the same reason: the first check that each of them fails. */
export interface ObjectionV2 {
  /** The name of the check; left out for a sum of many different reasons. */
  readonly check?: string;
  /** Whose pattern keeps the units apart, if it is one other unit's. */
  readonly declaredBy?: string;
  /** The first of the machines, by id. */
  readonly examples?: readonly string[];
  /** What is there instead, most machines first. */
  readonly found?: readonly FoundFactV2[];
  readonly machines: number;
  /** The other units it is about, by name; the first of many. */
  readonly others?: readonly string[];
  /** The pattern of `Conflicts` that keeps units apart. */
  readonly pattern?: string;
  /** What is wrong with the machines, agreeing with their number: `lacks zone=eu`, `lack zone=eu`. */
  readonly what: string;
  /** What the unit demands. */
  readonly wanted?: string;
}

/** A change that would give the unit a place. */
export interface SuggestionV2 {
  /** A command that makes the change, if one does. */
  readonly command?: string;
  /** Where the unit would go then, if that machine exists already. */
  readonly machineID?: string;
  /** `planned`: the whole cluster was planned with it. `tried`: the unit passes all checks with it. */
  readonly proof: string;
  /** What to do, in the imperative. */
  readonly what: string;
}

/** `GET /fleet/v2/units/<name>/explain`: why a unit is where it is, or nowhere. */
export interface ExplanationV2 {
  readonly desiredState?: string;
  readonly name: string;
  /** Why the other machines will not do, most machines first. */
  readonly objections?: readonly ObjectionV2[];
  /** By machine; of many the first hundred, those where something is amiss before the others. */
  readonly places?: readonly ExplainedPlaceV2[];
  /** How many places there are in all. */
  readonly placesTotal: number;
  /** What else there is to say, in sentences. */
  readonly remarks?: readonly string[];
  /** The state of the cluster that this is said of. */
  readonly revision: number;
  /**
   * `placed`, `moving`, `arriving`, `waiting`, `global`, `inactive`, `template`, `unreadable` or `unrecorded`.
   */
  readonly standing: string;
  /** The smallest changes that would give it a place. */
  readonly suggestions?: readonly SuggestionV2[];
  /** One sentence that begins with the unit's name in thought: `runs on 113f…`, `has no place on any of 3 machines`. */
  readonly summary: string;
}
