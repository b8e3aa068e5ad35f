import type { Revision, Seat } from "@fleet/core";
import type { Freeze } from "../codec.js";
import { createCluster, gatherFacts } from "./gather-facts.js";
import { judgeRegistry, type RememberedFreeze } from "./judge.js";
import { MemoryDocument } from "./memory-document.js";
import type { MachineSessionOptions } from "./session-options.js";

/** The disk is written at most this often only because time and revisions have passed. */
const rememberEveryMs = 60_000;

/** What came of a judgement, and the revision it was made at. */
export interface Judgement {
  readonly isBelieved: boolean;
  /** Names the cluster that etcd holds, believed or not; empty if it holds none. */
  readonly registry: string;
  readonly revision: Revision;
}

/** Keeps the memory, holds etcd against it, and tells the process's `Trust`. */
export class Belief {
  readonly #options: MachineSessionOptions;
  readonly #document: MemoryDocument;

  constructor(options: MachineSessionOptions) {
    this.#options = options;
    this.#document = new MemoryDocument(options.disk, options.clock, options.logger);
  }

  /** Names the believed history. */
  get history(): string | undefined {
    return this.#document.memory.history;
  }

  /** Why etcd is not believed, if it is not. */
  get freeze(): RememberedFreeze | undefined {
    return this.#document.memory.freeze;
  }

  /** The freeze as the presence tells it. */
  get publishedFreeze(): Freeze | undefined {
    const { freeze, cluster } = this.#document.memory;
    if (freeze === undefined) return undefined;
    return { nonce: freeze.nonce, ...(cluster === undefined ? {} : { remembers: cluster.epoch }) };
  }

  /** Reads what an earlier process knew. */
  async load(): Promise<void> {
    const { trust } = this.#options;
    const damage = await this.#document.load();
    if (damage !== undefined) this.#freeze(damage, true);
    trust.know(this.#document.memory.highest);
    if (this.freeze !== undefined) trust.distrust(this.freeze.reason);
    else trust.question("this machine has not compared it with what it remembers");
  }

  /** Keeps the disk current until aborted. */
  run(signal: AbortSignal): Promise<void> {
    return this.#document.run(signal);
  }

  /** Waits until everything up to now is on the disk. */
  flush(): Promise<void> {
    return this.#document.flush();
  }

  /** Takes note of a seat that was acted on. */
  actedOn(seat: Seat): void {
    this.#document.actedOn(seat);
  }

  /**
   * Asks etcd and judges it; begins a cluster where there is none to remember. What it finds is on the disk then, unless
   * that is full: a machine that stayed away for it would lose its units, and a machine that forgets judges anew.
   */
  async judge(signal: AbortSignal): Promise<Judgement> {
    for (;;) {
      const judgement = await this.#judgeOnce(signal);
      if (judgement === undefined) continue;
      await this.#document.tryFlush();
      return judgement;
    }
  }

  /** Keeps the highest known revision on the disk, roughly: what a crash forgets was known for less than a minute. */
  async rememberRevisions(signal: AbortSignal): Promise<void> {
    const { clock, trust } = this.#options;
    while (!signal.aborted) {
      await clock.sleep(rememberEveryMs, signal).catch(() => undefined);
      const { highest } = trust;
      if (highest > this.#document.memory.highest) this.#document.update({ highest });
    }
  }

  async #judgeOnce(signal: AbortSignal): Promise<Judgement | undefined> {
    const { trust } = this.#options;
    const { memory } = this.#document;
    const facts = await gatherFacts(this.#options, memory, signal);
    const { cluster, revision } = facts;
    const registry =
      cluster === undefined || cluster === "unreadable" ? "" : `${cluster.uuid} ${cluster.epoch}`;
    const verdict = judgeRegistry(memory, facts);
    switch (verdict.kind) {
      case "create":
        await createCluster(this.#options, signal);
        return undefined;
      case "frozen":
        this.#freeze(verdict.reason, verdict.isFinal);
        return { isBelieved: false, registry, revision };
      case "anew":
        this.#document.update({
          cluster: { uuid: verdict.cluster.uuid, epoch: verdict.cluster.epoch },
          history: verdict.history,
          highest: revision,
          term: undefined,
          seats: new Map(),
          givenUp: new Map(),
          freeze: undefined,
        });
        break;
      case "believed":
        this.#document.update({
          highest: Math.max(revision, trust.highest),
          freeze: undefined,
          // A machine that was forgotten joins without its seats: they are no doubt later, when it is known again.
          ...(facts.isKnown ? {} : { seats: new Map() }),
        });
        break;
    }
    // What others of this process read of the history before is none of the new one, whether or not they have doubted it yet.
    if (verdict.kind === "anew" || trust.finding !== undefined) trust.believe(revision);
    else trust.confirm();
    return { isBelieved: true, registry, revision };
  }

  #freeze(reason: string, isFinal: boolean): void {
    const { trust, random, logger } = this.#options;
    const before = this.freeze;
    if (before?.reason !== reason || before.isFinal !== isFinal) {
      logger.error("the registry is not believed; nothing is started or stopped", { reason });
      this.#document.update({ freeze: { nonce: before?.nonce ?? random.uuid(), reason, isFinal } });
    }
    trust.distrust(reason);
  }
}
