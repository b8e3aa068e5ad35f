import type { Etcd3 } from "etcd3";
import type { LeaseId } from "../store.js";

type Stream = Awaited<ReturnType<Etcd3["leaseClient"]["leaseKeepAlive"]>>;

interface Waiting {
  readonly resolve: (ttlSeconds: number) => void;
  readonly reject: (error: unknown) => void;
}

/** How long a stream is used: it goes on with the token that it began with, and tokens end. */
const streamAgeMsMax = 60_000;

/**
 * The renewals of one client's leases. They share a stream, since making one for each costs several times what a renewal
 * does. etcd3's own lease is not used: it reports a loss only after two to three lifetimes without an answer, so what an
 * unanswered renewal means is for the caller to decide.
 */
export class LeaseRenewals {
  readonly #client: Etcd3;
  #stream: RenewalStream | undefined;

  constructor(client: Etcd3) {
    this.#client = client;
  }

  /**
   * Renews a lease once. There is at most one renewal of a lease at a time.
   * @param nowMs - The moment, on any clock that only grows.
   * @param signal - Aborted when the answer is waited for no longer: then the stream counts as dead.
   * @returns the seconds that the lease has now; 0 if there is none.
   */
  async renew(leaseId: LeaseId, nowMs: number, signal: AbortSignal): Promise<number> {
    if (this.#stream?.isUsable(nowMs) !== true) {
      this.#stream?.retire();
      this.#stream = new RenewalStream(this.#client.leaseClient.leaseKeepAlive(), nowMs);
    }
    return await this.#stream.renew(leaseId, signal);
  }
}

class RenewalStream {
  readonly #opening: Promise<Stream>;
  readonly #madeAtMs: number;
  readonly #waiting = new Map<LeaseId, Waiting>();
  #isRetired = false;

  constructor(opening: Promise<Stream>, madeAtMs: number) {
    this.#opening = opening;
    this.#madeAtMs = madeAtMs;
    opening.then(
      (stream) => this.#listen(stream),
      (error: unknown) => this.#fail(error),
    );
  }

  isUsable(nowMs: number): boolean {
    return !this.#isRetired && nowMs - this.#madeAtMs < streamAgeMsMax;
  }

  renew(leaseId: LeaseId, signal: AbortSignal): Promise<number> {
    return new Promise<number>((resolve, reject) => {
      const onAbort = (): void => {
        this.#waiting.delete(leaseId);
        reject(signal.reason);
        this.retire();
      };
      const settled = (settle: () => void): void => {
        signal.removeEventListener("abort", onAbort);
        settle();
      };
      this.#waiting.set(leaseId, {
        resolve: (ttlSeconds) => settled(() => resolve(ttlSeconds)),
        reject: (error) => settled(() => reject(error)),
      });
      signal.addEventListener("abort", onAbort, { once: true });
      // One that could not be opened has told those who wait.
      this.#opening.then(
        (stream) => stream.write({ ID: leaseId }),
        () => undefined,
      );
    });
  }

  /** Takes no more renewals, and ends when nobody waits for one. */
  retire(): void {
    this.#isRetired = true;
    if (this.#waiting.size > 0) return;
    this.#opening.then(
      (stream) => {
        // Ended first, as a watch is: etcd3 would take it for a failed connection.
        stream.end();
        stream.cancel();
      },
      () => undefined,
    );
  }

  #listen(stream: Stream): void {
    stream.on("error", (error) => this.#fail(error));
    stream.on("end", () => this.#fail(new Error("etcd ended the stream without an answer")));
    stream.on("data", (answer) => {
      const waiting = this.#waiting.get(answer.ID);
      this.#waiting.delete(answer.ID);
      waiting?.resolve(Number(answer.TTL));
      if (this.#isRetired) this.retire();
    });
  }

  #fail(error: unknown): void {
    this.#isRetired = true;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(error);
  }
}
