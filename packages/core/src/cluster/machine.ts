import type { MachineId } from "../machine/machine-id.js";
import type { Metadata } from "../machine/metadata.js";
import type { Amounts } from "../machine/resources.js";
import type { Revision, Versioned } from "./revision.js";

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
  /** What it has to give to units that reserve something. It has nothing of what is not named; absent: of nothing. */
  readonly capacity?: Amounts;
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
  /** Its units are to go elsewhere, each as soon as its successor is active. */
  readonly drained: boolean;
  /** How many units of a drained machine are handed over at a time; absent for the engine's own limit. */
  readonly handOversMax?: number;
  /** Why, in the operator's words. */
  readonly note?: string;
  /**
   * The absence that an operator does not want to wait out: the mod revision of the machine's record at that time. It
   * changes when the machine registers anew, so the word is good for this absence alone.
   */
  readonly released?: Revision;
}

/** Another machine that was refused, because this one lives under the same id: one of the two is a clone. */
export interface MachineDuplicate {
  readonly primaryIp: string;
  readonly apiAddresses: readonly string[];
  /** In ms since the Unix epoch, by the refused machine's clock. For people. */
  readonly refusedAtMs: number;
}

/** A machine of which an operator has decided nothing. */
export const noPolicy: MachinePolicy = { cordoned: false, drained: false };

/** Everything known of one machine. */
export interface Machine {
  readonly id: MachineId;
  /** Absent while the machine is away. */
  readonly presence: Presence | undefined;
  /**
   * The mod revision of what stands where its presence should and cannot be read: the machine is not away, but nothing
   * can be said of it. `presence` is then what was last read, if anything was.
   */
  readonly unreadable?: Revision;
  /** It has registered before and was not forgotten. */
  readonly known: boolean;
  /** The mod revision of the fact that it is known, which is written anew when it registers after an absence. */
  readonly recordRevision?: Revision;
  /** Static metadata overlaid with what was set through the API. */
  readonly metadata: Metadata;
  readonly policy: MachinePolicy;
  /** Absent if none was refused of late. */
  readonly duplicate?: MachineDuplicate;
}
