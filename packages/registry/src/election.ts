import { FleetError, isFleetError, type MachineId } from "@fleet/core";
import type { Election, Leadership } from "@fleet/core/ports";
import { Backoff } from "./async/backoff.js";
import { runTogether } from "./async/scope.js";
import { withTimeLimit } from "./async/time-limit.js";
import { Campaign, type Elected } from "./campaign.js";
import { CandidateSlot } from "./candidate-slot.js";
import type { LeaseKeeper } from "./lease-keeper.js";
import { Office } from "./office.js";
import type { RegistryOptions } from "./registry-options.js";
import type { Store } from "./store.js";

/** Who campaigns, and how fast the loss of a leader is noticed. */
export interface ElectionOptions extends RegistryOptions {
  readonly machine: MachineId;
  /** Random for each process, so that a restarted daemon is not taken for the one that was elected. */
  readonly instance: string;
  /**
   * How long a leader that does not answer stays one, in whole seconds from 2 on. Default 5. Less moves the engine
   * sooner when a machine is lost, and loses the office at each hiccup of etcd that is as long.
   */
  readonly leaderTtlSeconds?: number;
  /** The pause between renewals of the office, in ms. Default a third of its lifetime; must be below half of it. */
  readonly renewEveryMs?: number;
  /** How long a candidate that does not answer keeps its place, in whole seconds from 2 on. Default 10. */
  readonly candidateTtlSeconds?: number;
}

/** How long an office that is given up is waited for; its lease ends it anyway. */
const resignLimitMs = 1_000;

/** Opens the election. @throws {FleetError} `invalid-argument` if the office could not outlive its renewal. */
export function createElection(options: ElectionOptions): Election {
  return new StoredElection(options);
}

class StoredElection implements Election {
  readonly #options: ElectionOptions;
  readonly #leaderTtlSeconds: number;
  readonly #renewEveryMs: number;
  #isLeader = false;
  #isCandidate = false;
  readonly #listeners = new Set<() => void>();

  constructor(options: ElectionOptions) {
    this.#options = options;
    this.#leaderTtlSeconds = options.leaderTtlSeconds ?? 5;
    this.#renewEveryMs = options.renewEveryMs ?? (this.#leaderTtlSeconds * 1000) / 3;
    const { candidateTtlSeconds = 10 } = options;
    if (!(this.#leaderTtlSeconds >= 2) || !(candidateTtlSeconds >= 2)) {
      throw new FleetError("invalid-argument", "cannot hold an election: leases are of 2 seconds at least");
    }
    if (!(this.#renewEveryMs > 0) || this.#renewEveryMs > this.#leaderTtlSeconds * 500) {
      const message = `cannot renew an office of ${this.#leaderTtlSeconds} s every ${this.#renewEveryMs} ms`;
      throw new FleetError("invalid-argument", message, { hint: "renew at least twice in its lifetime" });
    }
  }

  get isLeader(): boolean {
    return this.#isLeader;
  }

  get isCandidate(): boolean {
    return this.#isCandidate;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async run(lead: (leadership: Leadership) => Promise<void>, signal: AbortSignal): Promise<void> {
    const { clock, random, trust, logger } = this.#options;
    const backoff = new Backoff(clock, random);
    while (!signal.aborted) {
      try {
        await trust.untilBelieved(signal);
        await runTogether(signal, [
          (both) => trust.untilDistrusted(both),
          (both) => this.#beCandidate(lead, backoff, both),
        ]);
      } catch (error) {
        if (signal.aborted) return;
        if (!isPassing(error)) throw error;
        logger.debug("candidacy interrupted", { err: error });
      }
      if (!signal.aborted && trust.problem === undefined) await backoff.pause(signal).catch(() => undefined);
    }
  }

  async #beCandidate(
    lead: (leadership: Leadership) => Promise<void>,
    backoff: Backoff,
    signal: AbortSignal,
  ): Promise<void> {
    const slot = await CandidateSlot.take(this.#options, signal);
    this.#become(true);
    backoff.reset();
    const campaign = new Campaign(this.#options, slot, this.#leaderTtlSeconds, this.#renewEveryMs);
    try {
      await runTogether(signal, [
        (both) => slot.keeper.run(both),
        (both) => this.#serveTerms(campaign, lead, backoff, both),
      ]);
    } finally {
      this.#become(false);
      await giveUp(this.#options, slot.keeper);
    }
  }

  #become(isCandidate: boolean): void {
    this.#isCandidate = isCandidate;
    for (const listener of [...this.#listeners]) listener();
  }

  /** Serves term after term until aborted, or until the candidate's place is lost. */
  async #serveTerms(
    campaign: Campaign,
    lead: (leadership: Leadership) => Promise<void>,
    backoff: Backoff,
    signal: AbortSignal,
  ): Promise<void> {
    while (!signal.aborted) {
      try {
        const elected = await campaign.win(signal);
        if (elected === undefined) return;
        await this.#serveTerm(campaign, elected, lead, signal);
        backoff.reset();
      } catch (error) {
        if (signal.aborted || !isPassing(error)) throw error;
        this.#options.logger.warn("campaign or term interrupted", { err: error });
        await backoff.pause(signal);
      }
    }
  }

  async #serveTerm(
    campaign: Campaign,
    elected: Elected,
    lead: (leadership: Leadership) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, instance, keys, logger, machine } = this.#options;
    const { term, revision, keeper } = elected;
    // The office is given up a little before it can be lost, because two clocks are never equally fast.
    const marginMs = Math.min(this.#leaderTtlSeconds * 100, 500);
    this.#isLeader = true;
    logger.info("elected", { term: term.n, revision });
    try {
      await runTogether(signal, [
        (office) => keeper.run(office),
        (office) => keeper.untilLapsed(marginMs, office),
        (office) => campaign.untilDeposed(elected, office),
        (office) =>
          lead(
            new Office({
              machine,
              instance,
              term,
              revision,
              leaseId: keeper.leaseId,
              leaderKey: keys.leader,
              clock,
              validUntilMs: () => keeper.validUntilMs - marginMs,
              resign: () => giveUp(this.#options, keeper),
              signal: office,
            }),
          ),
      ]);
    } finally {
      this.#isLeader = false;
      logger.info("term ended", { term: term.n });
      await giveUp(this.#options, keeper);
    }
  }
}

/** Ends a lease if that can be done quickly; otherwise its lifetime does. */
async function giveUp(options: ElectionOptions, keeper: LeaseKeeper): Promise<void> {
  const { clock, trust } = options;
  const store: Store = trust.probe;
  try {
    await withTimeLimit(clock, resignLimitMs, new AbortController().signal, (limited) =>
      store.revokeLease(keeper.leaseId, limited),
    );
  } catch (error) {
    if (!isFleetError(error)) throw error;
  }
}

/** Says whether trying again later is all there is to do. */
function isPassing(error: unknown): boolean {
  return (
    isFleetError(error) &&
    ["unavailable", "deadline-exceeded", "conflict", "compacted", "not-found"].includes(error.code)
  );
}
