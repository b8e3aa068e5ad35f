import type { QuarantineV2, RollOutV2 } from "./wire-machines.js";
import type { ErrorBody } from "./wire-v1.js";

/**
 * The entities of the v2 API. They add what v1 cannot say: the exact text, where and why a unit is seated, how its job
 * ended, and the revision that an answer belongs to. As in v1, empty texts and lists are left out.
 */

/** The place that the engine has given a unit on a machine. */
export interface SeatV2 {
  readonly machineID: string;
  /** Why the unit is not moved, if that machine is lost and its units wait. */
  readonly held?: string;
  /** Whether that machine is there at present. */
  readonly present: boolean;
  /** Why, in a sentence of the engine. */
  readonly reason?: string;
  /** `launched`, `loaded`, or `absent`: the machine is to let go of the unit. */
  readonly target: string;
}

/** A unit without its text: what waiting needs. */
export interface UnitStatusV2 {
  readonly contentID?: string;
  /** As in v1; left out for global units. */
  readonly currentState?: string;
  readonly desiredState?: string;
  readonly global: boolean;
  /** The original's hash of the options. */
  readonly hash?: string;
  /** As in v1; left out for unscheduled and for global units. */
  readonly machineID?: string;
  readonly name: string;
  /** Why the unit cannot be placed, or why its record cannot be read. */
  readonly problem?: string;
  /** All of its seats, on absent machines too, by machine. */
  readonly seats?: readonly SeatV2[];
}

/** What a machine says of a unit. */
export interface UnitStateV2 {
  /** What the machine has made of the unit: `loaded`, `unloaded` or `refused`. */
  readonly condition: string;
  /** Names the exact text that the machine has; left out if it has none, or cannot read it. */
  readonly contentID?: string;
  /** `inactive`, `loaded` or `launched` on this machine. */
  readonly currentState: string;
  readonly hash?: string;
  /** How the newest job ended, in systemd's word; `refused` if systemd refuses to start it; left out while none has. */
  readonly jobResult?: string;
  readonly machineID: string;
  readonly name: string;
  /** Why, for `refused`, for a load or start that failed, for a unit that failed, and for a drift. */
  readonly reason?: string;
  /** What somebody else than fleet did with it: `stopped`, `started` or `masked`; left out if nobody did anything. */
  readonly drift?: string;
  /** When it entered this state, in ms since the Unix epoch by the machine's own clock. */
  readonly sinceMs: number;
  readonly systemdActiveState?: string;
  readonly systemdLoadState?: string;
  readonly systemdSubState?: string;
}

/** `GET /fleet/v2/units/<name>`. */
export interface UnitV2 extends UnitStatusV2 {
  readonly revision: number;
  readonly states?: readonly UnitStateV2[];
  /** Exactly what was submitted. */
  readonly text?: string;
}

/** The body of `PUT /fleet/v2/units/<name>`. */
export interface UnitPutV2 {
  /** The unit file, kept byte for byte. Without it only the state changes, and the unit must exist. */
  readonly text?: string;
  /** Without it a new unit is `inactive` and an old one stays what it is. */
  readonly desiredState?: string;
  /** Allows a text that says something other than the present one; otherwise that is a conflict (409). */
  readonly replace?: boolean;
  /** Starts the unit once more though it is `launched` already. */
  readonly restart?: boolean;
  /**
   * Concerns a global unit, launched as a whole, on this machine alone: `desiredState` is `loaded` or `launched` there. It
   * holds until the next word on the machine, or on the unit as a whole.
   */
  readonly machineID?: string;
}

/** The answer to a `PUT`: 201 when the unit is new or has new content, else 200. */
export interface UnitPutAnswerV2 {
  readonly effect: "created" | "changed" | "unchanged";
  readonly name: string;
  readonly revision: number;
}

/**
 * One of the units of `POST /fleet/v2/units`: what its own `PUT` would say, or with `destroy` what its `DELETE` would. Single
 * machines cannot be named here.
 */
export interface UnitWriteV2 extends Omit<UnitPutV2, "machineID"> {
  readonly name: string;
  /** Goes alone with the name. */
  readonly destroy?: boolean;
}

/** The body of `POST /fleet/v2/units`: at most 1,000 units, none of them twice. */
export interface UnitsWriteV2 {
  readonly units: readonly UnitWriteV2[];
}

/** What became of one of the units: `effect` and `revision`, or `error`. */
export interface UnitWriteAnswerV2 {
  readonly name: string;
  readonly effect?: "created" | "changed" | "unchanged";
  readonly revision?: number;
  /** Why it was not written, as the error of its own request would say it. */
  readonly error?: ErrorBody["error"];
}

/** The answer to `POST /fleet/v2/units`. */
export interface UnitsWriteAnswerV2 {
  /** The newest revision of the writes; 0 if there was none. */
  readonly revision: number;
  /** In the order of the request. */
  readonly units?: readonly UnitWriteAnswerV2[];
}

/** The body of `POST /fleet/v2/wait`, for more names than fit into a line; it means what the query of a `GET` does. */
export interface WaitRequestV2 {
  readonly units: readonly string[];
  readonly after?: number;
  /** In seconds. */
  readonly timeout?: number;
}

/**
 * The answer of `GET /fleet/v2/wait?units=a,b&after=<revision>&timeout=<s>`: what changed after that revision among the
 * named units. At the time-out, and with `timeout=0`, it may hold nothing but the revision, to go on from.
 */
export interface WaitAnswerV2 {
  readonly revision: number;
  /** Changed units that have no record now. */
  readonly missing?: readonly string[];
  /** Changed units, in the order of the request. */
  readonly units?: readonly UnitStatusV2[];
  /** All states of the changed units, by name, then by machine. */
  readonly states?: readonly UnitStateV2[];
}

/** A machine that is lost, and whose units are not moved yet. */
export interface HoldV2 {
  readonly machineID: string;
  /** Why, in a sentence of the engine. */
  readonly reason: string;
  /** Until when at most, in ms since the Unix epoch by the leader's clock; left out if no time ends it. */
  readonly untilMs?: number;
}

/** `GET /fleet/v2/status`: what the server knows of itself. It is answered even while everything else is a 503. */
export interface StatusV2 {
  readonly available: boolean;
  /** Losses that the engine holds moves for, by machine. */
  readonly holds?: readonly HoldV2[];
  /** How many units wait so that no machine gets too many at once. */
  readonly paced?: number;
  readonly quarantine?: QuarantineV2;
  /** How many units have no place, or not the one they want. */
  readonly refusals?: number;
  readonly rollOuts?: readonly RollOutV2[];
  /** The leading machine, if one is known. */
  readonly leader?: string;
  readonly machineID?: string;
  /** Why the server is not available, or its copy of the cluster not current. */
  readonly problem?: string;
  /** `idle`, `syncing`, `current`, `disconnected` or `younger`. */
  readonly replica: string;
  readonly revision: number;
  readonly version: string;
}
