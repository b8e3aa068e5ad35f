import { FleetError, isFleetError } from "@fleet/core";
import { Bell } from "../async/bell.js";
import { runTogether } from "../async/scope.js";
import { Fields } from "../fields.js";
import { LeaseKeeper } from "../lease-keeper.js";
import type { LeaseId } from "../store.js";
import { defaultTtlSeconds, type MachineSessionOptions } from "./session-options.js";

/** The document in the runtime directory. */
export const leaseDocument = "machine-lease";

/** A lease that lives, and was made by this process or the one before it. */
export interface FoundLease {
  readonly leaseId: LeaseId;
  /** Whether it was made for another lifetime than is wanted now. It is not kept; what hangs on it must go to a new one. */
  readonly isMisfit: boolean;
}

/** What the document says. */
interface Recorded {
  readonly leaseId: LeaseId;
  /** What etcd was asked for. It grants more if that is too little for it. */
  readonly ttlSeconds: number | undefined;
}

/**
 * The machine's lease: found again by a restarted daemon, kept whether or not anything else works, and given up never:
 * only time or a successor ends it.
 */
export class MachineLease {
  readonly #options: MachineSessionOptions;
  readonly #changed = new Bell();
  #keeper: LeaseKeeper | undefined;
  /** Told when renewals fail, with the error, and when the lease is gone. */
  onTrouble: (error: FleetError) => void = () => undefined;

  constructor(options: MachineSessionOptions) {
    this.#options = options;
  }

  /** The lease that is kept now. */
  get leaseId(): LeaseId | undefined {
    return this.#keeper?.leaseId;
  }

  /** Until when, on `boottime`, the lease certainly lives. */
  get validUntilMs(): number {
    return this.#keeper?.validUntilMs ?? 0;
  }

  /** Finds the lease of this process or of the one before it. @returns `undefined` if neither lives. */
  async find(signal: AbortSignal): Promise<FoundLease | undefined> {
    const wanted = this.#ttlSeconds;
    const kept = this.#keeper && { leaseId: this.#keeper.leaseId, ttlSeconds: wanted };
    const recorded = kept ?? (await this.#readRecorded());
    if (recorded === undefined) return undefined;
    const { leaseId } = recorded;
    const sentAtMs = this.#options.clock.boottime();
    const grantedSeconds = await this.#options.trust.probe.keepAliveOnce(leaseId, signal);
    if (grantedSeconds === 0) {
      this.#keeper = undefined;
      return undefined;
    }
    // A keeper that believes in a longer life than etcd does lets it end; a shorter one than others wait for is no use.
    const isMisfit = (recorded.ttlSeconds ?? grantedSeconds) !== wanted || grantedSeconds < wanted;
    if (isMisfit) this.release();
    else if (this.#keeper?.leaseId !== leaseId) this.#keep(leaseId, sentAtMs);
    return { leaseId, isMisfit };
  }

  /** Renews it no more: it is somebody else's to keep, or to let end. */
  release(): void {
    this.#keeper = undefined;
    this.#changed.ring();
  }

  /** Makes a new lease. It is on record before anything is attached to it. */
  async grant(signal: AbortSignal): Promise<LeaseId> {
    const sentAtMs = this.#options.clock.boottime();
    const leaseId = await this.#options.trust.probe.grantLease(this.#ttlSeconds, signal);
    await this.#options.runtime.write(leaseDocument, { leaseId, ttlSeconds: this.#ttlSeconds });
    this.#keep(leaseId, sentAtMs);
    return leaseId;
  }

  /** Keeps whichever lease there is, until aborted. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const keeper = this.#keeper;
      if (keeper === undefined) {
        await this.#changed.wait(signal).catch(() => undefined);
        continue;
      }
      try {
        await runTogether(signal, [(both) => keeper.run(both), (both) => this.#changed.wait(both)]);
      } catch (error) {
        if (!isFleetError(error)) throw error;
        if (this.#keeper === keeper) this.#keeper = undefined;
        this.onTrouble(error);
      }
    }
  }

  get #ttlSeconds(): number {
    return this.#options.ttlSeconds ?? defaultTtlSeconds;
  }

  #keep(leaseId: LeaseId, sentAtMs: number): void {
    const { trust, clock, onRenewed } = this.#options;
    const keeper = new LeaseKeeper({
      store: trust.probe,
      clock,
      leaseId,
      ttlSeconds: this.#ttlSeconds,
      sentAtMs,
      onRenewed: () => onRenewed?.(keeper.validUntilMs),
      onFailed: (error) => this.onTrouble(error),
    });
    this.#keeper = keeper;
    onRenewed?.(keeper.validUntilMs);
    this.#changed.ring();
  }

  async #readRecorded(): Promise<Recorded | undefined> {
    try {
      const document = await this.#options.runtime.read(leaseDocument);
      if (document === undefined) return undefined;
      const fields = Fields.of(document, "");
      const leaseId = fields.matching("leaseId", /^\d+$/, "a lease");
      return { leaseId, ttlSeconds: fields.has("ttlSeconds") ? fields.count("ttlSeconds") : undefined };
    } catch (err) {
      if (!(err instanceof FleetError)) throw err;
      // Without it the machine registers as after a crash; nothing is lost but a moment.
      this.#options.logger.warn("cannot read the lease of the previous daemon", { err });
      return undefined;
    }
  }
}
