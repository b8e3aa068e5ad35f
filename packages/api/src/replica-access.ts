import {
  type ClusterView,
  isFleetError,
  RegistryDistrustError,
  type Revision,
  type UnitName,
} from "@fleet/core";
import type { Clock, ClusterReplica } from "@fleet/core/ports";
import { HttpError } from "./answer.js";
import { revisionHeader } from "./revision-header.js";
import { withTimeLimit } from "./time-limit.js";

/** The original's only words for every trouble with etcd. */
export const unavailableMessage = "fleet server unable to communicate with etcd";

/** How long a read waits for the replica to be current and new enough: less than clients wait for an answer. */
const freshWaitMs = 8_000;

/**
 * Guards the way to the replica: a view is handed out only when it is current and contains this server's own writes.
 * The replica stays warm for a while by itself when nobody asks for it any more.
 */
export class ReplicaAccess {
  readonly #replica: ClusterReplica;
  readonly #clock: Clock;
  #writtenRevision: Revision = 0;

  constructor(replica: ClusterReplica, clock: Clock) {
    this.#replica = replica;
    this.#clock = clock;
  }

  /** Remembers a write of this server: no later read may be older. */
  noteWrite(revision: Revision): void {
    this.#writtenRevision = Math.max(this.#writtenRevision, revision);
  }

  /** The revision that nothing this server says to such a client may be older than. */
  revisionMin(atLeast: Revision): Revision {
    return Math.max(atLeast, this.#writtenRevision);
  }

  /**
   * @param atLeast - The revision that the client demands; 0 if none.
   * @returns the view, valid until the caller next awaits.
   * @throws {HttpError} 503 if no such view can be had in time; {RegistryDistrustError} while etcd is not believed.
   */
  async view(atLeast: Revision, signal: AbortSignal): Promise<ClusterView> {
    const wanted = this.revisionMin(atLeast);
    await this.#inTime(wanted, signal, (limited) => this.#replica.waitFor(wanted, limited));
    return this.#replica.view();
  }

  /**
   * The same for those who name units: before one of them is said not to be there, etcd itself is asked, because another
   * server may have written it a moment ago, and this one's replica may lag behind. Both together take no longer than one.
   */
  async viewWith(names: readonly UnitName[], atLeast: Revision, signal: AbortSignal): Promise<ClusterView> {
    const wanted = this.revisionMin(atLeast);
    const release = this.#replica.hold();
    try {
      await this.#inTime(wanted, signal, async (limited) => {
        await this.#replica.waitFor(wanted, limited);
        const { units, unreadableUnits } = this.#replica.view();
        const areThere = names.every((name) => units.has(name) || unreadableUnits.has(name));
        if (!areThere) await this.#replica.refresh(limited);
      });
      return this.#replica.view();
    } finally {
      release();
    }
  }

  /** The view as etcd itself is now, whichever server wrote last. */
  async currentView(signal: AbortSignal): Promise<ClusterView> {
    const release = this.#replica.hold();
    try {
      await this.#inTime(0, signal, (limited) => this.#replica.refresh(limited));
      return this.#replica.view();
    } finally {
      release();
    }
  }

  async #inTime(
    wanted: Revision,
    signal: AbortSignal,
    wait: (limited: AbortSignal) => Promise<unknown>,
  ): Promise<void> {
    const late = (): HttpError => this.#tooLate(wanted);
    await withTimeLimit(this.#clock, freshWaitMs, signal, late, async (limited) => {
      try {
        await wait(limited);
      } catch (error) {
        if (error instanceof RegistryDistrustError) throw error;
        if (isFleetError(error, "unavailable")) throw unavailable(error.message);
        throw error;
      }
    });
  }

  /** A revision that is not reached is no trouble with etcd: it may be that of another cluster. */
  #tooLate(wanted: Revision): HttpError {
    const { condition, revision } = this.#replica;
    if (condition !== "current" || revision >= wanted) return unavailable();
    const limit = `${freshWaitMs / 1000} s`;
    return new HttpError(
      503,
      `revision ${wanted} was not reached within ${limit}: this server is at ${revision}`,
      {
        hint: "revisions are those of one etcd: check that all endpoints are of the same cluster",
        headers: revisionHeader(revision),
      },
    );
  }
}

function unavailable(hint?: string): HttpError {
  return new HttpError(503, unavailableMessage, hint === undefined ? {} : { hint });
}
