import { assert, isFleetError, type Revision } from "@fleet/core";
import type {
  ChangeOutcome,
  CommitResult,
  EngineStatus,
  GuardedChange,
  LeaderRegistry,
  Leadership,
} from "@fleet/core/ports";
import { Backoff } from "./async/backoff.js";
import { Scope } from "./async/scope.js";
import { decodeSeat, decodeUnit } from "./codec.js";
import {
  comparesOf,
  cutIntoBatches,
  hasLanded,
  isMet,
  keysOf,
  type PreparedChange,
  prepareChange,
} from "./leader-batch.js";
import { Office, officeLost, type Proof } from "./office.js";
import { readAll } from "./read-all.js";
import type { RegistryOptions } from "./registry-options.js";
import { encodeStatus } from "./status-codec.js";
import type { StoredValue, Transaction, TransactionResult } from "./store.js";

/** How often a transaction is sent when its answers are lost. Each repetition also finds out about those before. */
const sendsMax = 5;

/** Opens the leader's writes. */
export function createLeaderRegistry(options: RegistryOptions): LeaderRegistry {
  return new StoredLeaderRegistry(options);
}

class StoredLeaderRegistry implements LeaderRegistry {
  readonly #options: RegistryOptions;
  /** What each office has published; nothing while that is in doubt. */
  readonly #published = new WeakMap<Office, string>();

  constructor(options: RegistryOptions) {
    this.#options = options;
  }

  async commit(
    leadership: Leadership,
    changes: readonly GuardedChange[],
    signal: AbortSignal,
  ): Promise<CommitResult> {
    const office = asOffice(leadership);
    const prepared = changes.map((change, index) => prepareChange(change, index, this.#options.keys, office));
    const outcomes: ChangeOutcome[] = changes.map(() => "committed");
    let revision: Revision = 0;
    const scope = new Scope(signal, office.signal);
    try {
      for (const batch of cutIntoBatches(prepared)) {
        revision = Math.max(revision, await this.#commitBatch(office, batch, outcomes, scope.signal));
      }
    } catch (error) {
      signal.throwIfAborted();
      if (office.signal.aborted) throw officeLost();
      throw error;
    } finally {
      scope.release();
    }
    return { outcomes, revision };
  }

  async publishStatus(leadership: Leadership, status: EngineStatus, signal: AbortSignal): Promise<void> {
    const office = asOffice(leadership);
    const value = encodeStatus(status);
    if (this.#published.get(office) === value) return;
    // Should the answer be lost, the one before may be there or not, and has to be written again if it is wanted again.
    this.#published.delete(office);
    const { keys } = this.#options;
    const put = { kind: "put", key: keys.status, value, leaseId: office.leaseId } as const;
    for (;;) {
      // An older status may be under way, and must not come after this one.
      await this.settle(office, signal);
      const { proof } = office;
      const { succeeded, results } = await this.#transact(
        office,
        proof,
        { success: [put], failure: [{ kind: "get", key: office.leaderKey }] },
        signal,
      );
      if (succeeded) break;
      office.follow(results[0]?.[0], proof);
    }
    this.#published.set(office, value);
  }

  async settle(leadership: Leadership, signal: AbortSignal): Promise<void> {
    const office = asOffice(leadership);
    const { leaderKey: key, leaseId } = office;
    while (office.isInDoubt) {
      const { proof } = office;
      const voided = proof.voided + 1;
      // Sent again it says the same. So if one of several is late itself, it finds what it compares gone.
      const { succeeded, results } = await this.#transact(
        office,
        proof,
        {
          success: [{ kind: "put", key, value: office.valueAfter(voided), leaseId }],
          failure: [{ kind: "get", key }],
        },
        signal,
      );
      if (succeeded) {
        office.noteVoided(voided);
        this.#options.logger.info("earlier writes that have not happened are voided", {
          term: office.term.n,
          voided,
        });
      } else {
        office.follow(results[0]?.[0], proof);
      }
    }
  }

  async renewProof(leadership: Leadership, signal: AbortSignal): Promise<void> {
    const office = asOffice(leadership);
    // As if a write of this moment had got no answer.
    office.noteUnanswered(office.proof);
    await this.settle(office, signal);
  }

  async unreferencedUnitFiles(signal: AbortSignal) {
    const { trust, keys, logger } = this.#options;
    // Files first: a record that is written later puts its file again, at a revision that the deletion compares.
    const files = await readAll(trust.store, keys.unitFiles, signal, { keysOnly: true });
    const units = await readAll(trust.store, keys.units, signal);
    const seats = await readAll(trust.store, keys.schedule, signal);
    const referenced = new Set<string>();
    for (const item of [...units.items, ...seats.items]) {
      const reference = this.#contentOf(item);
      if (reference === undefined) {
        // Whatever it refers to must stay, and nobody knows what that is.
        logger.warn("unit files are kept because a record is unreadable", { key: item.key });
        return [];
      }
      referenced.add(reference);
    }
    return files.items.flatMap((item) => {
      const parsed = keys.parse(item.key);
      if (parsed?.kind !== "unit-file" || referenced.has(parsed.contentId)) return [];
      return [{ contentId: parsed.contentId, modRevision: item.modRevision }];
    });
  }

  #contentOf(item: StoredValue): string | undefined {
    const parsed = this.#options.keys.parse(item.key);
    try {
      if (parsed?.kind === "unit") return decodeUnit(item, parsed.unit).contentId;
      if (parsed?.kind === "seat") return decodeSeat(item, parsed.machine, parsed.unit).contentId;
    } catch {
      return undefined;
    }
    return undefined;
  }

  /** Commits what it can of a batch, dropping changes whose guards failed. @returns the revision, or 0. */
  async #commitBatch(
    office: Office,
    batch: readonly PreparedChange[],
    outcomes: ChangeOutcome[],
    signal: AbortSignal,
  ): Promise<Revision> {
    const backoff = new Backoff(this.#options.clock, this.#options.random, { initialMs: 50 });
    let remaining = batch;
    let lost = 0;
    while (remaining.length > 0) {
      const sent = await this.#send(office, remaining, signal);
      if (sent === undefined) {
        lost += 1;
        if (lost === sendsMax) {
          for (const { index } of remaining) outcomes[index] = "unknown";
          return 0;
        }
        await backoff.pause(signal);
        continue;
      }
      const { proof, result } = sent;
      if (result.succeeded) return result.revision;
      const found = new Map(result.results.flat().map((item) => [item.key, item]));
      if (!office.isProvenBy(found.get(office.leaderKey), proof)) {
        office.follow(found.get(office.leaderKey), proof);
        continue;
      }
      if (lost > 0 && hasLanded(remaining, found)) return result.revision;
      const stale = remaining.filter((change) => !isMet(change, found));
      assert(stale.length > 0, "a transaction fails because a compare does");
      for (const { index } of stale) outcomes[index] = "stale";
      remaining = remaining.filter((change) => !stale.includes(change));
      lost = 0;
    }
    return 0;
  }

  /**
   * Sends changes, when all that was sent before, and got no answer, has either happened or never will.
   * @returns `undefined` if the answer was lost.
   */
  async #send(
    office: Office,
    changes: readonly PreparedChange[],
    signal: AbortSignal,
  ): Promise<{ readonly proof: Proof; readonly result: TransactionResult } | undefined> {
    try {
      await this.settle(office, signal);
      const { proof } = office;
      const result = await this.#transact(
        office,
        proof,
        {
          compare: comparesOf(changes),
          success: changes.flatMap((change) => change.operations),
          failure: [office.leaderKey, ...keysOf(changes)].map((key) => ({ kind: "get", key }) as const),
        },
        signal,
      );
      return { proof, result };
    } catch (error) {
      if (!isFleetError(error, "unavailable")) throw error;
      this.#options.trust.throwIfDistrusted();
      return undefined;
    }
  }

  /** Every transaction of a leader: with the proof of its office, and noted if nobody knows what became of it. */
  async #transact(
    office: Office,
    proof: Proof,
    { compare = [], ...branches }: Transaction,
    signal: AbortSignal,
  ): Promise<TransactionResult> {
    office.throwIfLost();
    try {
      return await this.#options.trust.store.transact(
        { ...branches, compare: [...proof.compare, ...compare] },
        signal,
      );
    } catch (error) {
      office.noteUnanswered(proof);
      throw error;
    }
  }
}

function asOffice(leadership: Leadership): Office {
  assert(leadership instanceof Office, "an office comes from the election");
  return leadership;
}
