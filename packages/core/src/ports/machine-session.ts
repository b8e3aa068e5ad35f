import type { PresenceContent, PresenceState } from "../cluster/machine.js";
import type { Revision } from "../cluster/revision.js";
import type { Seat } from "../cluster/seat.js";
import type { UnitState, UnitStateContent } from "../cluster/unit-state.js";
import type { Metadata } from "../machine/metadata.js";
import type { ContentId } from "../unit/unit-hash.js";
import type { UnitName } from "../unit/unit-name.js";

/**
 * `joining`: not registered yet. `joined`: registered, following its seats. `disconnected`: etcd cannot be reached; what
 * is known of the seats is of the past, and nothing new is begun by it. `frozen`: the registry is not believed.
 * `displaced`: somebody else registered under this machine's id; fall silent and keep the units.
 */
export type SessionCondition = "joining" | "joined" | "disconnected" | "frozen" | "displaced";

/** What a machine brings to the registry. */
export type MachineDescription = Omit<PresenceContent, "instance" | "state" | "reason">;

/** What became of publishing a batch of states. */
export type PublishOutcome =
  /** Written; the revision is that of the transaction. */
  | { readonly kind: "published"; readonly revision: Revision }
  /** Not written, because the machine is not (or no longer) registered as this instance. */
  | { readonly kind: "not-registered" };

/**
 * A machine's membership: its lease, its presence, its own seats, metadata and states, and nothing of anybody else.
 * Everything it writes compares the presence, instance token included.
 */
export interface MachineSession {
  readonly condition: SessionCondition;
  /** Why the condition is not `joined`, for people. */
  readonly problem: string | undefined;
  /** The seats of this machine, tombstones included, as of the newest revision seen. A live view. */
  readonly seats: ReadonlyMap<UnitName, Seat>;
  /**
   * Names the history of the registry that is believed; `undefined` before the first connection. Revisions of different
   * histories must not be compared: whoever keeps watermarks begins again from 0 when this changes (P6.3), and `seats`
   * change with it.
   */
  readonly history: string | undefined;
  /** Effective metadata: configuration overlaid with what was set through the API. */
  readonly metadata: Metadata;
  /** Rises each time the machine registers anew (not when it takes over): all states must then be published again. */
  readonly registration: number;
  /**
   * Joins and stays joined until aborted. Nothing in etcd is removed when it ends.
   * @throws {FleetError} `already-exists` if another live machine has this id: the message names it.
   */
  run(signal: AbortSignal): Promise<void>;
  /** Calls `listener` when seats (the touched units are named), metadata, condition or registration change. */
  subscribe(listener: (touched: ReadonlySet<UnitName>) => void): () => void;
  /** The exact text of a unit. @returns `undefined` if it is not in etcd. */
  readUnitText(contentId: ContentId, signal: AbortSignal): Promise<string | undefined>;
  /** What this machine last said of its units, from etcd: the second source of what was started (P5). */
  readOwnStates(signal: AbortSignal): Promise<readonly UnitState[]>;
  /** Publishes states and deletes others, in as few transactions as fit. Never more often than the caller asks. */
  publish(
    states: readonly UnitStateContent[],
    removals: readonly UnitName[],
    signal: AbortSignal,
  ): Promise<PublishOutcome>;
  /** Changes what the presence says, for example to `leaving`. */
  setPresence(state: PresenceState, reason: string | undefined, signal: AbortSignal): Promise<void>;
  /** Remembers, on disk, that a seat of this revision and term was acted on (P6.2). */
  actedOn(seat: Seat): void;
}
