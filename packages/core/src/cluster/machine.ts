import type { MachineId } from "../machine/machine-id.js";
import type { Metadata } from "../machine/metadata.js";
import type { Versioned } from "./revision.js";

/**
 * `up`: takes units. `leaving`: systemd is stopping there; its units move at once.
 * `frozen`: it does not believe the registry; it keeps its seats and gets no new ones.
 */
export type PresenceState = "up" | "leaving" | "frozen";

/** What a machine says of itself while it is there. */
export interface PresenceContent {
  readonly id: MachineId;
  /** The address for people and for ssh; empty if none is known. */
  readonly primaryIp: string;
  /** Where the machine's own API listens, for other daemons and for error messages; may be empty. */
  readonly apiAddresses: readonly string[];
  /** The metadata of the machine's own configuration. */
  readonly metadata: Metadata;
  /** fleetd's version. */
  readonly version: string;
  /** Changes with each boot of the machine or of its systemd manager, and with nothing else. */
  readonly bootId: string;
  /** Random for each process: proves inside a transaction that the writer is the one that registered. */
  readonly instance: string;
  readonly state: PresenceState;
  /** Why, if the state is not `up`. */
  readonly reason?: string;
}

/** A presence as it stands in etcd, on the machine's lease (a decimal id). Its absence says that the machine is away. */
export interface Presence extends PresenceContent, Versioned {
  readonly leaseId: string;
}

/** What an operator has decided about a machine. */
export interface MachinePolicy {
  /** No new seats. */
  readonly cordoned: boolean;
  /** Its units are to go elsewhere. */
  readonly drained: boolean;
}

/** Everything known of one machine. */
export interface Machine {
  readonly id: MachineId;
  /** Absent while the machine is away. */
  readonly presence: Presence | undefined;
  /** It has registered before and was not forgotten. */
  readonly known: boolean;
  /** Static metadata overlaid with what was set through the API. */
  readonly metadata: Metadata;
  readonly policy: MachinePolicy;
}
