import type { MachineId } from "../machine/machine-id.js";
import type { Metadata } from "../machine/metadata.js";
import type { Amounts } from "../machine/resources.js";
import type { UnitContent } from "../unit/unit-content.js";
import type { UnitName } from "../unit/unit-name.js";
import type { DesiredState } from "./desired-state.js";
import type { Revision } from "./revision.js";

/** What somebody thinks of doing, all of it at once. Names of what does not exist are an error of whoever asks. */
export interface Proposal {
  /** Units that are new, or get other content. */
  readonly put: readonly {
    readonly unit: UnitName;
    readonly content: UnitContent;
    readonly desiredState: DesiredState;
  }[];
  /** Units of the cluster that are to be something else. */
  readonly want: readonly { readonly unit: UnitName; readonly desiredState: DesiredState }[];
  readonly cordon: readonly MachineId[];
  readonly uncordon: readonly MachineId[];
  readonly drain: readonly MachineId[];
  /** Machines that are lost, and given up. */
  readonly lose: readonly MachineId[];
  /** Machines that do not exist yet. */
  readonly add: readonly {
    readonly count: number;
    readonly metadata: Metadata;
    /** What they have for units that reserve something. */
    readonly capacity: Amounts;
  }[];
}

/** A unit whose machines would be others than now. */
export interface ForeseenMove {
  readonly unit: UnitName;
  /** Where it would not be any more; empty for a unit that is new. Lost machines of a global unit are left out. */
  readonly from: readonly MachineId[];
  /** Where it would come to be. */
  readonly to: readonly MachineId[];
  /** Why, in a sentence for people. */
  readonly reason: string;
}

/** A unit that would have no place, or not the one it wants. */
export interface ForeseenRefusal {
  readonly unit: UnitName;
  /** Where it would stay for want of another place, if it is somewhere. */
  readonly machine?: MachineId;
  readonly reason: string;
  /** Whether it has a place now, or is one of those the proposal is about. */
  readonly isNew: boolean;
}

/** What a machine would carry. */
export interface ForeseenLoad {
  readonly machine: MachineId;
  /** `kept`: there now and then. `added`: not there yet. `lost`: there now, not then. */
  readonly fate: "kept" | "added" | "lost";
  /** How many seats it has now, those of global units among them. */
  readonly before: number;
  readonly after: number;
}

/** What would become of the cluster if a proposal were carried out and everybody did as they are told. */
export interface Forecast {
  readonly revision: Revision;
  /** Whether no unit that has a place now, or is asked for, would be without. */
  readonly fits: boolean;
  /** By unit. */
  readonly moves: readonly ForeseenMove[];
  /** By unit; those that are not new are waiting already. */
  readonly refusals: readonly ForeseenRefusal[];
  /** All machines that are, were or would be there, by id. */
  readonly machines: readonly ForeseenLoad[];
  /** What else there is to say, in sentences. */
  readonly remarks: readonly string[];
}

/** Machines whose loss leaves units without a seat. */
export interface FatalLoss {
  readonly machines: readonly MachineId[];
  /**
   * The units that would have no place, by name; of many the first. Of a double loss: those that survive the loss of
   * either alone.
   */
  readonly units: readonly UnitName[];
  /** How many units there are in all. */
  readonly unitsTotal: number;
}

/** How far an inquiry into losses has come. */
export interface SurvivalReport {
  readonly revision: Revision;
  /** How many machines are lost at a time. */
  readonly losses: 1 | 2;
  /** How many losses there are: machines, or pairs of them. */
  readonly total: number;
  /** For how many of them, from the first one on, it is known now what they would do. */
  readonly checked: number;
  /** What was found since the last question, by machines. */
  readonly fatal: readonly FatalLoss[];
}
