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

/** A unit of a proposal. */
export interface ProposedUnitV2 {
  readonly name: string;
  /** The unit file; without it the unit must exist. */
  readonly text?: string;
}

/** Machines of a proposal that do not exist yet. */
export interface ProposedMachinesV2 {
  readonly count: number;
  readonly metadata?: Readonly<Record<string, string>>;
  /** What they have for units that reserve something, as in `Reserve`: `{"memory": "8G"}`. */
  readonly capacity?: Readonly<Record<string, string>>;
}

/** The body of `POST /fleet/v2/plan`: what somebody thinks of doing, all of it at once. */
export interface ProposalV2 {
  readonly add?: readonly ProposedMachinesV2[];
  /** Ids of machines, as everywhere below. */
  readonly cordon?: readonly string[];
  readonly drain?: readonly string[];
  readonly load?: readonly ProposedUnitV2[];
  readonly lose?: readonly string[];
  /** All machines that are present and have these values are lost. */
  readonly loseMetadata?: Readonly<Record<string, string>>;
  readonly start?: readonly ProposedUnitV2[];
  /** Names of units. */
  readonly stop?: readonly string[];
  readonly uncordon?: readonly string[];
  /** Names of units; a unit that is destroyed leaves its place in the same way. */
  readonly unload?: readonly string[];
}

/** A unit whose machines would be others than now. */
export interface ForeseenMoveV2 {
  readonly from?: readonly string[];
  readonly name: string;
  readonly reason?: string;
  readonly to?: readonly string[];
}

/** A unit that would have no place, or not the one it wants. */
export interface ForeseenRefusalV2 {
  /** Whether it has a place now, or is one of those the proposal is about; others are waiting already. */
  readonly isNew: boolean;
  /** Where it would stay for want of another place. */
  readonly machineID?: string;
  readonly name: string;
  readonly reason: string;
}

/** What a machine would carry. */
export interface ForeseenLoadV2 {
  readonly after: number;
  readonly before: number;
  /** `kept`, `added` or `lost`. */
  readonly fate: string;
  readonly machineID: string;
}

/** The answer of `POST /fleet/v2/plan`. */
export interface ForecastV2 {
  /** Whether no unit that has a place now, or is asked for, would be without. */
  readonly fits: boolean;
  /** By id. */
  readonly machines?: readonly ForeseenLoadV2[];
  /** By unit; of many the first ten thousand. */
  readonly moves?: readonly ForeseenMoveV2[];
  readonly movesTotal: number;
  /** By unit; of many the first ten thousand, those that are new before the others. */
  readonly refusals?: readonly ForeseenRefusalV2[];
  readonly refusalsTotal: number;
  readonly remarks?: readonly string[];
  readonly revision: number;
}

/** The body of `POST /fleet/v2/plan/survive`. */
export interface SurvivalQuestionV2 {
  /** How many losses have been checked already; 0 unless given. */
  readonly from?: number;
  /** How many machines are lost at a time: 1 or 2. */
  readonly losses: number;
  /** The revision of the answers before, to go on with the same cluster. */
  readonly revision?: number;
}

/** Machines whose loss would leave units without a place. */
export interface FatalLossV2 {
  readonly machineIDs: readonly string[];
  /** By name; of many the first fifty. Of a double loss: those that survive the loss of either alone. */
  readonly units: readonly string[];
  readonly unitsTotal: number;
}

/** The answer of `POST /fleet/v2/plan/survive`: as much as could be found out in about a second. */
export interface SurvivalReportV2 {
  /** How many losses are known to do what, from the first one on; ask again with it as `from` until it is the total. */
  readonly checked: number;
  /** What was found since the question before. */
  readonly fatal?: readonly FatalLossV2[];
  readonly losses: number;
  readonly revision: number;
  /** How many losses there are: machines, or pairs of them. */
  readonly total: number;
}
