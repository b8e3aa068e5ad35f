import type { EngineStatus } from "../cluster/engine-status.js";
import type { Revision } from "../cluster/revision.js";
import type { Seat, SeatContent, Term } from "../cluster/seat.js";
import type { MachineId } from "../machine/machine-id.js";
import type { ContentId } from "../unit/unit-hash.js";
import type { UnitName } from "../unit/unit-name.js";

/** A term of office. It is never inherited: a restarted daemon campaigns anew. */
export interface Leadership {
  readonly term: Term;
  /** The create revision of the leader key: what every write of this term compares. */
  readonly revision: Revision;
  /** Aborted as soon as the office may be lost, before anyone else can hold it. */
  readonly signal: AbortSignal;
  /** Gives the office up at once. */
  resign(): Promise<void>;
}

/** Campaigns while the process lives; at most five daemons of a cluster are candidates at a time. */
export interface Election {
  /**
   * Runs until aborted: becomes a candidate, and each time it is elected calls `lead`. A term ends when `lead` returns
   * (the office is given up) or its signal aborts.
   */
  run(lead: (leadership: Leadership) => Promise<void>, signal: AbortSignal): Promise<void>;
  readonly isLeader: boolean;
  readonly isCandidate: boolean;
  /** Calls `listener` when this daemon becomes a candidate, and when it is none any more. @returns the unsubscription. */
  subscribe(listener: () => void): () => void;
}

/** What a leader's change was decided from; it is compared inside the transaction. 0 stands for "absent". */
export type Guard =
  | { readonly kind: "unit"; readonly unit: UnitName; readonly revision: Revision }
  | { readonly kind: "mark"; readonly unit: UnitName; readonly revision: Revision }
  | {
      readonly kind: "seat";
      readonly machine: MachineId;
      readonly unit: UnitName;
      /** `held`: a seat is there, whatever its revision: for peers seated in an earlier stage. */
      readonly revision: Revision | "held";
    }
  | { readonly kind: "presence"; readonly machine: MachineId; readonly revision: Revision };

/** A write of the leader. */
export type LeaderWrite =
  | { readonly kind: "put-seat"; readonly seat: Omit<SeatContent, "term"> }
  | { readonly kind: "delete-seat"; readonly machine: MachineId; readonly unit: UnitName }
  | { readonly kind: "delete-mark"; readonly unit: UnitName }
  | { readonly kind: "delete-unit-file"; readonly contentId: ContentId; readonly modRevision: Revision };

/** Writes that happen together or not at all, with everything they were decided from. */
export interface GuardedChange {
  /** For the log and for the outcome. */
  readonly unit: UnitName | undefined;
  readonly guards: readonly Guard[];
  readonly writes: readonly LeaderWrite[];
}

/**
 * `committed`; `stale`: a guard no longer held, nothing was written; `unknown`: the answer was lost and reading back did
 * not settle it: plan again only after it was settled and the replica has been refreshed.
 */
export type ChangeOutcome = "committed" | "stale" | "unknown";

/** What became of a batch. */
export interface CommitResult {
  /** One for each change, in order. */
  readonly outcomes: readonly ChangeOutcome[];
  /** The newest revision that the batch made; 0 if none. The next plan must not be made on an older view. */
  readonly revision: Revision;
}

/** The leader's writes: fenced by the term, guarded by what they were decided from, batched below etcd's limits. */
export interface LeaderRegistry {
  /**
   * Commits changes, closing a transaction before 128 compares or operations. If one fails, only the changes whose
   * guards failed are dropped. @throws {FleetError} `conflict` if the office is lost.
   */
  commit(
    leadership: Leadership,
    changes: readonly GuardedChange[],
    signal: AbortSignal,
  ): Promise<CommitResult>;
  /**
   * Makes sure that no write of this term that got no answer can happen any more; what has happened, has. Costs nothing
   * while all were answered. @throws {FleetError} `conflict` if the office is lost; `unavailable`: try again.
   */
  settle(leadership: Leadership, signal: AbortSignal): Promise<void>;
  /**
   * Changes what every write of this term compares, though none be in doubt. What is sent after that cannot happen in an
   * etcd that was restored meanwhile to a moment before. It costs a write: for what relies on something not being there.
   * @throws {FleetError} like {@link settle}.
   */
  renewProof(leadership: Leadership, signal: AbortSignal): Promise<void>;
  /** Publishes `engine/status` on the leader's lease, if it differs from what is there. */
  publishStatus(leadership: Leadership, status: EngineStatus, signal: AbortSignal): Promise<void>;
  /** Unit files that nothing refers to, with the revision to compare; the caller decides how long they may stay. */
  unreferencedUnitFiles(
    signal: AbortSignal,
  ): Promise<readonly { contentId: ContentId; modRevision: Revision }[]>;
}

/** Reads a seat's identity for a guard. */
export function seatGuard(seat: Seat): Guard {
  return { kind: "seat", machine: seat.machine, unit: seat.unit, revision: seat.modRevision };
}
