import { type ClusterView, FleetError, isFleetError, type Revision } from "@fleet/core";
import type { ClusterReplica, ReplicaChange, ReplicaCondition } from "@fleet/core/ports";
import { Backoff } from "./async/backoff.js";
import { Bell } from "./async/bell.js";
import { runTogether, Scope } from "./async/scope.js";
import { ClusterState, type Touched } from "./cluster-state.js";
import { readAll } from "./read-all.js";
import type { RegistryOptions } from "./registry-options.js";

/** How a replica behaves. */
export interface ReplicaOptions extends RegistryOptions {
  /** How long the replica goes on when nobody holds it, in ms. Default 60,000; 0 drops it at once. */
  readonly idleMs?: number;
}

/** How long a wanted revision may stay away before it is asked whether it concerns this cluster at all; it doubles. */
const proofDelayMs = 200;
const proofDelayMsMax = 5_000;

/** Opens the replica. */
export function createReplica(options: ReplicaOptions): ClusterReplica {
  return new StoredReplica(options);
}

class StoredReplica implements ClusterReplica {
  readonly #options: ReplicaOptions;
  readonly #listeners = new Set<(change: ReplicaChange) => void>();
  readonly #holds = new Set<symbol>();
  readonly #holdsChanged = new Bell();
  /** Rings when the condition, the revision or what is waited for has changed. */
  readonly #progress = new Bell();
  /** The revisions that are being waited for. */
  readonly #wanted = new Map<symbol, Revision>();
  #state: ClusterState;
  #condition: ReplicaCondition = "idle";
  #problem: string | undefined;
  /** How often etcd had been believed anew when this began to be what it says. */
  #beginnings: number;

  constructor(options: ReplicaOptions) {
    this.#options = options;
    this.#state = new ClusterState(options.keys);
    this.#beginnings = options.trust.beginnings;
  }

  get condition(): ReplicaCondition {
    return this.#condition;
  }

  get problem(): string | undefined {
    return this.#problem;
  }

  get revision(): Revision {
    return this.#state.revision;
  }

  hold(): () => void {
    const hold = Symbol("hold");
    this.#holds.add(hold);
    this.#holdsChanged.ring();
    return () => {
      if (this.#holds.delete(hold)) this.#holdsChanged.ring();
    };
  }

  view(): ClusterView {
    if (this.#state.revision > 0) return this.#state.view();
    throw new FleetError(
      "unavailable",
      `cannot look at the cluster: ${this.#problem ?? "nothing was read yet"}`,
    );
  }

  async waitFor(revision: Revision, signal: AbortSignal): Promise<void> {
    const release = this.hold();
    const wish = Symbol("wish");
    this.#wanted.set(wish, revision);
    this.#progress.ring();
    try {
      for (;;) {
        this.#options.trust.throwIfDistrusted();
        if (this.#condition === "current" && this.#state.revision >= revision) return;
        await this.#progress.wait(signal);
      }
    } finally {
      this.#wanted.delete(wish);
      release();
    }
  }

  async refresh(signal: AbortSignal): Promise<Revision> {
    const { trust, keys } = this.#options;
    const { revision } = await trust.store.range({ key: keys.cluster }, signal);
    await this.waitFor(revision, signal);
    return revision;
  }

  subscribe(listener: (change: ReplicaChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async run(signal: AbortSignal): Promise<void> {
    try {
      while (!signal.aborted) {
        while (this.#holds.size === 0) await this.#holdsChanged.wait(signal);
        await runTogether(signal, [
          (both) => this.#untilIdle(both),
          (both) => this.#follow(both),
          (both) => this.#proveProgress(both),
        ]);
        this.#state = new ClusterState(this.#options.keys);
        this.#become("idle", undefined);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  async #untilIdle(signal: AbortSignal): Promise<void> {
    const { clock, idleMs = 60_000 } = this.#options;
    for (;;) {
      while (this.#holds.size > 0) await this.#holdsChanged.wait(signal);
      const held = new Scope(signal);
      const woken = this.#holdsChanged.wait(held.signal).then(
        () => true,
        () => false,
      );
      const rested = clock.sleep(idleMs, held.signal).then(
        () => false,
        () => true,
      );
      const isHeldAgain = await Promise.race([woken, rested]);
      held.abort();
      signal.throwIfAborted();
      if (!isHeldAgain) return;
    }
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { clock, random, trust, logger } = this.#options;
    const backoff = new Backoff(clock, random);
    let mustRead = true;
    let isOtherHistory = false;
    this.#beginnings = trust.beginnings;
    while (!signal.aborted) {
      if (trust.problem !== undefined) {
        this.#become(trust.finding === undefined ? "disconnected" : "younger", trust.problem);
        await trust.untilBelieved(signal);
        mustRead = true;
        isOtherHistory = true;
        continue;
      }
      // Others may have lost and regained belief while this one could not reach etcd.
      if (trust.beginnings !== this.#beginnings) {
        this.#beginnings = trust.beginnings;
        mustRead = true;
        isOtherHistory = true;
      }
      try {
        if (mustRead) await this.#readAll(isOtherHistory, signal);
        else await this.#reconnect(signal);
        mustRead = false;
        isOtherHistory = false;
        backoff.reset();
        await runTogether(signal, [(both) => trust.untilDistrusted(both), (both) => this.#watch(both)]);
      } catch (error) {
        if (signal.aborted) return;
        if (!isFleetError(error) || error.code === "invalid-argument") throw error;
        if (trust.problem !== undefined) continue;
        if (error.code === "compacted") mustRead = true;
        else this.#become("disconnected", error.message);
        logger.debug("replica interrupted", { err: error, revision: this.#state.revision });
        await backoff.pause(signal);
      }
    }
  }

  async #readAll(isOtherHistory: boolean, signal: AbortSignal): Promise<void> {
    const { trust, keys } = this.#options;
    if (this.#condition !== "disconnected") this.#become("syncing", undefined);
    const { items, revision } = await readAll(trust.store, keys.prefix, signal);
    const isOther = !isOtherHistory && items.some((item) => this.#state.latest.contradicts(item));
    if (isOther) this.#distrust(this.#state.revision);
    const touched = this.#state.load(items, revision, isOtherHistory);
    this.#become("current", undefined);
    this.#tell(touched, true);
  }

  /**
   * Asks etcd something linearizable, so that one that went back in time is noticed; and whether it has what was read from
   * it last, because one that was restored and has overtaken the revision of then answers as if nothing had happened.
   */
  async #reconnect(signal: AbortSignal): Promise<void> {
    const { trust, keys } = this.#options;
    await trust.store.range({ key: keys.cluster }, signal);
    const { revision, latest } = this.#state;
    const request = { prefix: keys.prefix, revision, modifiedSince: latest.since };
    const { items, count } = await trust.store.range(request, signal);
    const isSame =
      count === this.#state.keyCount &&
      items.length === latest.size &&
      items.every((item) => latest.isAsWritten(item));
    if (!isSame) this.#distrust(revision);
    this.#become("current", undefined);
  }

  #distrust(revision: Revision): void {
    const { trust } = this.#options;
    if (trust.beginnings !== this.#beginnings) {
      throw new FleetError("unavailable", "etcd was believed anew while it was being asked");
    }
    trust.distrust(`etcd does not have what it had at revision ${revision}: it was restored and went on`);
    trust.throwIfDistrusted();
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const { trust, keys } = this.#options;
    await trust.store.watch({ prefix: keys.prefix }, this.#state.revision + 1, signal, (batch) => {
      // A batch may hold many revisions; a step of all of them at once is a step of whole revisions, too.
      const touched = this.#state.apply(batch.events, Math.max(batch.revision, this.#state.revision));
      this.#progress.ring();
      if (batch.events.length > 0) this.#tell(touched, false);
    });
  }

  /**
   * Revisions are those of the whole etcd, and others may write to it, too. A revision in which nothing of this cluster
   * changed is never delivered; so if one is awaited in vain, it is proven that nothing changed: no key modified since
   * the view's revision, and as many keys as the view has.
   */
  async #proveProgress(signal: AbortSignal): Promise<void> {
    const { clock, trust, keys } = this.#options;
    let delayMs = proofDelayMs;
    for (;;) {
      while (!this.#isBehind()) {
        delayMs = proofDelayMs;
        await this.#progress.wait(signal);
      }
      await clock.sleep(delayMs, signal);
      delayMs = Math.min(delayMs * 2, proofDelayMsMax);
      if (!this.#isBehind()) continue;
      const before = this.#state.revision;
      const request = { prefix: keys.prefix, modifiedSince: before + 1, keysOnly: true, limit: 1 };
      const answer = await trust.store.range(request, signal).catch(() => undefined);
      const isSame = answer?.items.length === 0 && answer.count === this.#state.keyCount;
      if (answer === undefined || !isSame || this.#state.revision !== before) continue;
      this.#state.advance(answer.revision);
      this.#progress.ring();
    }
  }

  #isBehind(): boolean {
    if (this.#condition !== "current") return false;
    for (const revision of this.#wanted.values()) if (revision > this.#state.revision) return true;
    return false;
  }

  #become(condition: ReplicaCondition, problem: string | undefined): void {
    if (condition !== this.#condition) {
      this.#options.logger.debug("replica", { condition, problem, revision: this.#state.revision });
    }
    this.#condition = condition;
    this.#problem = problem;
    this.#progress.ring();
  }

  #tell(touched: Touched, resynced: boolean): void {
    const change: ReplicaChange = { revision: this.#state.revision, resynced, ...touched };
    for (const listener of [...this.#listeners]) listener(change);
  }
}
