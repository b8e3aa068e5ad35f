import { isFleetError, type Revision, type Term } from "@fleet/core";
import type { CandidateSlot } from "./candidate-slot.js";
import { decodeLeader, encodeOffice, type StoredLeader } from "./codec.js";
import type { ElectionOptions } from "./election.js";
import { LeaseKeeper } from "./lease-keeper.js";
import { readAll } from "./read-all.js";
import type { StoredValue, TransactionResult } from "./store.js";
import { watchUntil } from "./watch-until.js";

/** A won election. */
export interface Elected {
  readonly term: Term;
  /** The create revision of the leader key. */
  readonly revision: Revision;
  readonly keeper: LeaseKeeper;
}

/** One candidate's attempts to become the leader. */
export class Campaign {
  readonly #options: ElectionOptions;
  readonly #slot: CandidateSlot;
  readonly #ttlSeconds: number;
  readonly #renewEveryMs: number;
  /** The newest term that is known; read once, then followed. */
  #lastTerm: number | undefined;

  constructor(options: ElectionOptions, slot: CandidateSlot, ttlSeconds: number, renewEveryMs: number) {
    this.#options = options;
    this.#slot = slot;
    this.#ttlSeconds = ttlSeconds;
    this.#renewEveryMs = renewEveryMs;
  }

  /** Waits until nobody leads, and wins. @returns `undefined` if the candidate's place is lost. */
  async win(signal: AbortSignal): Promise<Elected | undefined> {
    const { trust, keys, machine } = this.#options;
    for (;;) {
      const { items, revision } = await trust.store.range({ key: keys.leader }, signal);
      const leader = items[0] === undefined ? undefined : this.#read(items[0]);
      if (items[0] === undefined) {
        const outcome = await this.#stand(signal);
        if (outcome !== "beaten") return outcome === "no-candidate" ? undefined : outcome;
      } else if (leader?.machine === machine) {
        // Our own dead self: no other process of this machine can be alive beside this one. Or an earlier term of this
        // process, which could not give it up while etcd was away; after an outage leases live anew.
        await this.#remove(items[0], signal);
      } else {
        await watchUntil(
          trust.store,
          { key: keys.leader },
          revision + 1,
          signal,
          (event) => event.kind === "delete",
        );
      }
    }
  }

  /** Ends when the leader key is not ours any more; or when aborted. The leader itself changes its value now and then. */
  async untilDeposed(elected: Elected, signal: AbortSignal): Promise<void> {
    const { trust, keys } = this.#options;
    let from = elected.revision + 1;
    while (!signal.aborted) {
      try {
        await watchUntil(
          trust.store,
          { key: keys.leader },
          from,
          signal,
          (event) => event.kind === "delete" || event.item.createRevision !== elected.revision,
        );
        return;
      } catch (error) {
        if (signal.aborted) return;
        if (!isFleetError(error)) throw error;
        // The lease decides how long a leader without a connection is one. Meanwhile, look again.
        await this.#options.clock.sleep(this.#renewEveryMs, signal).catch(() => undefined);
      }
      const answer = await trust.store.range({ key: keys.leader }, signal).catch(() => undefined);
      if (answer === undefined) continue;
      if (answer.items[0]?.createRevision !== elected.revision) return;
      from = answer.revision + 1;
    }
  }

  async #stand(signal: AbortSignal): Promise<Elected | "beaten" | "no-candidate"> {
    const { trust, clock, random, machine, instance } = this.#options;
    this.#lastTerm ??= await this.#readLastTerm(signal);
    const term: Term = { n: this.#lastTerm + 1, uuid: random.uuid() };
    const leaderValue = encodeOffice({ machine, instance, term: term.n });
    const keeper = await LeaseKeeper.grant(
      { store: trust.store, clock, ttlSeconds: this.#ttlSeconds, renewEveryMs: this.#renewEveryMs },
      signal,
    );
    const result = await this.#put(term, leaderValue, keeper, signal);
    if (result?.succeeded === true) {
      this.#lastTerm = term.n;
      return { term, revision: result.revision, keeper };
    }
    // Without an answer it may have happened: our own key, then, is of another lease, which ends it.
    await trust.probe.revokeLease(keeper.leaseId, signal);
    this.#lastTerm = undefined;
    return result === undefined || this.#slot.isHeldBy(result.results[1]?.[0]) ? "beaten" : "no-candidate";
  }

  /** @returns `undefined` if the answer was lost. */
  async #put(
    term: Term,
    leaderValue: string,
    keeper: LeaseKeeper,
    signal: AbortSignal,
  ): Promise<TransactionResult | undefined> {
    const { trust, keys } = this.#options;
    try {
      return await trust.store.transact(
        {
          compare: [
            this.#slot.proof,
            { key: keys.leader, target: "create", is: "=", operand: 0 },
            { key: keys.term(term.n), target: "create", is: "=", operand: 0 },
          ],
          success: [
            { kind: "put", key: keys.leader, value: leaderValue, leaseId: keeper.leaseId },
            { kind: "put", key: keys.term(term.n), value: term.uuid },
          ],
          failure: [
            { kind: "get", key: keys.leader },
            { kind: "get", key: this.#slot.key },
          ],
        },
        signal,
      );
    } catch (error) {
      if (!isFleetError(error, "unavailable")) throw error;
      return undefined;
    }
  }

  async #remove(item: StoredValue, signal: AbortSignal): Promise<void> {
    const { trust, keys, logger } = this.#options;
    logger.info("removing an office of this machine that nobody serves", { revision: item.modRevision });
    await trust.store.transact(
      {
        compare: [{ key: keys.leader, target: "mod", is: "=", operand: item.modRevision }],
        success: [{ kind: "delete", key: keys.leader }],
      },
      signal,
    );
  }

  async #readLastTerm(signal: AbortSignal): Promise<number> {
    const { trust, keys } = this.#options;
    const { items } = await readAll(trust.store, keys.terms, signal, { keysOnly: true });
    return items.reduce((last, item) => {
      const parsed = keys.parse(item.key);
      return parsed?.kind === "term" ? Math.max(last, parsed.n) : last;
    }, 0);
  }

  #read(item: StoredValue): StoredLeader | undefined {
    try {
      return decodeLeader(item);
    } catch {
      // Somebody leads, nobody knows who; the lease ends it.
      return undefined;
    }
  }
}
