import { type ClusterView, isFleetError, type Revision } from "@fleet/core";
import type { Clock, ClusterReplica } from "@fleet/core/ports";
import { HttpError } from "./answer.js";
import { withTimeLimit } from "./time-limit.js";

/** The original's only words for every trouble with etcd. */
export const unavailableMessage = "fleet server unable to communicate with etcd";

/** How long the replica goes on following after the last request: a person's next command finds it warm. */
const holdAfterMs = 60_000;
/** How long a read waits for the replica to be current and new enough: less than clients wait for an answer. */
const freshWaitMs = 8_000;

/**
 * Guards the way to the replica: it is held while requests come and for a minute after, and a view is handed out only
 * when it is current and contains this server's own writes.
 */
export class ReplicaAccess {
  readonly #replica: ClusterReplica;
  readonly #clock: Clock;
  #requests = 0;
  #release: (() => void) | undefined;
  #idle: { readonly cancel: AbortController; readonly done: Promise<void> } | undefined;
  #writtenRevision: Revision = 0;

  constructor(replica: ClusterReplica, clock: Clock) {
    this.#replica = replica;
    this.#clock = clock;
  }

  /** Notes that a request is being served. @returns what to call when it is done. */
  enter(): () => void {
    this.#requests += 1;
    this.#idle?.cancel.abort();
    this.#idle = undefined;
    this.#release ??= this.#replica.hold();
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#requests -= 1;
      if (this.#requests === 0) this.#startIdling();
    };
  }

  /** Remembers a write of this server: no later read may be older. */
  noteWrite(revision: Revision): void {
    this.#writtenRevision = Math.max(this.#writtenRevision, revision);
  }

  /**
   * @param atLeast - The revision that the client demands; 0 if none.
   * @returns the view, valid until the caller next awaits.
   * @throws {HttpError} 503 if no such view can be had in time.
   */
  async view(atLeast: Revision, signal: AbortSignal): Promise<ClusterView> {
    const wanted = Math.max(atLeast, this.#writtenRevision);
    await withTimeLimit(this.#clock, freshWaitMs, signal, unavailable, async (limited) => {
      try {
        await this.#replica.waitFor(wanted, limited);
      } catch (error) {
        if (isFleetError(error, "unavailable")) throw unavailable(error.message);
        throw error;
      }
    });
    return this.#replica.view();
  }

  /** Lets go of the replica at once. */
  async close(): Promise<void> {
    const idle = this.#idle;
    this.#idle = undefined;
    idle?.cancel.abort();
    await idle?.done;
    this.#release?.();
    this.#release = undefined;
  }

  #startIdling(): void {
    const cancel = new AbortController();
    const done = this.#clock.sleep(holdAfterMs, cancel.signal).then(
      () => {
        this.#release?.();
        this.#release = undefined;
      },
      () => undefined,
    );
    this.#idle = { cancel, done };
  }
}

function unavailable(hint?: string): HttpError {
  return new HttpError(503, unavailableMessage, hint === undefined ? {} : { hint });
}
