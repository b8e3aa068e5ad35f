import {
  type ContentId,
  FleetError,
  isFleetError,
  type Metadata,
  type PresenceState,
  type Revision,
  type Seat,
  type UnitName,
  type UnitState,
  type UnitStateContent,
} from "@fleet/core";
import type { MachineSession, PublishOutcome, SessionCondition } from "@fleet/core/ports";
import { Backoff } from "../async/backoff.js";
import { abortable, runTogether, Scope } from "../async/scope.js";
import { decodeState, decodeUnitFile } from "../codec.js";
import { readAll } from "../read-all.js";
import type { LeaseId, WatchBatch } from "../store.js";
import { Belief } from "./belief.js";
import { readAccept } from "./gather-facts.js";
import { MachineLease } from "./machine-lease.js";
import { OwnRecords } from "./own-records.js";
import { publishStates } from "./publish-states.js";
import { type PresenceWish, Registration } from "./registration.js";
import { defaultTtlSeconds, type MachineSessionOptions } from "./session-options.js";

/** Opens a machine's membership. @throws {FleetError} `invalid-argument` for a lifetime that etcd does not grant. */
export function createMachineSession(options: MachineSessionOptions): MachineSession {
  const { ttlSeconds = defaultTtlSeconds } = options;
  if (!Number.isInteger(ttlSeconds) || ttlSeconds < 2) {
    const message = `cannot join with a lifetime of ${ttlSeconds} s: it must be a whole number from 2 on`;
    throw new FleetError("invalid-argument", message);
  }
  return new StoredMachineSession(options);
}

type Activity = (signal: AbortSignal) => Promise<void>;

class StoredMachineSession implements MachineSession {
  readonly #options: MachineSessionOptions;
  readonly #belief: Belief;
  readonly #lease: MachineLease;
  readonly #presence: Registration;
  readonly #own: OwnRecords;
  readonly #listeners = new Set<(touched: ReadonlySet<UnitName>) => void>();
  /** It was absent, and has not found out yet what has become of its seats, however often it has tried since. */
  #isAstray = false;
  /** The lease that our presence was last seen to hang on. */
  #presenceLease: LeaseId | undefined;
  #condition: SessionCondition = "joining";
  #problem: string | undefined;
  #registration = 0;
  #wish: { readonly state: PresenceState; readonly reason: string | undefined } = {
    state: "up",
    reason: undefined,
  };
  /** Ends the present connection, so that everything is looked at again. */
  #connection = new Scope();
  /** Writes that compare the presence, one after another, since some of them change it. */
  #writes: Promise<unknown> = Promise.resolve();

  constructor(options: MachineSessionOptions) {
    this.#options = options;
    this.#belief = new Belief(options);
    this.#lease = new MachineLease({ ...options, onRenewed: () => this.#passOnRenewal() });
    this.#presence = new Registration(options, this.#lease);
    this.#own = new OwnRecords(options, (touched) => this.#tell(touched));
  }

  get condition(): SessionCondition {
    return this.#condition;
  }

  get problem(): string | undefined {
    return this.#problem;
  }

  get seats(): ReadonlyMap<UnitName, Seat> {
    return this.#own.seats;
  }

  /** That of the seats: who compares their revisions must not hear of another one before it has other seats. */
  get history(): string | undefined {
    return this.#own.history ?? this.#belief.history;
  }

  get metadata(): Metadata {
    return this.#own.metadata;
  }

  get registration(): number {
    return this.#registration;
  }

  async run(signal: AbortSignal): Promise<void> {
    await this.#belief.load();
    // Whoever was told to believe nothing does not begin anew with less doubt.
    if (this.#belief.freeze !== undefined) this.#become("frozen", this.#belief.freeze.reason);
    this.#lease.onTrouble = (error) => this.#connection.abort(error);
    await runTogether(signal, [
      (both) => this.#belief.run(both),
      (both) => this.#lease.run(both),
      (both) => this.#stayJoined(both),
    ]);
  }

  subscribe(listener: (touched: ReadonlySet<UnitName>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async readUnitText(contentId: ContentId, signal: AbortSignal): Promise<string | undefined> {
    const { trust, keys } = this.#options;
    const { items } = await trust.store.range({ key: keys.unitFile(contentId) }, signal);
    return items[0] === undefined ? undefined : decodeUnitFile(items[0], contentId);
  }

  async readOwnStates(signal: AbortSignal): Promise<readonly UnitState[]> {
    const { trust, keys, description, logger } = this.#options;
    const { items } = await readAll(trust.store, keys.states(description.id), signal);
    return items.flatMap((item) => {
      const parsed = keys.parse(item.key);
      if (parsed?.kind !== "state") return [];
      try {
        return [decodeState(item, parsed.machine, parsed.unit)];
      } catch (err) {
        if (!isFleetError(err)) throw err;
        logger.warn("cannot read a state of this machine", { unit: parsed.unit, err });
        return [];
      }
    });
  }

  async publish(
    states: readonly UnitStateContent[],
    removals: readonly UnitName[],
    signal: AbortSignal,
  ): Promise<PublishOutcome> {
    // What an acknowledgement rests on must not be forgotten by a crash that follows it.
    if (states.some(({ acked }) => acked !== undefined)) await this.#belief.flush();
    return await this.#inTurn(signal, async () => {
      const outcome = await publishStates(
        this.#options,
        this.#presence,
        this.#lease.leaseId,
        states,
        removals,
        signal,
      );
      if (outcome.kind === "not-registered") this.#lookAgain("the presence of this machine is not its own");
      return outcome;
    });
  }

  async setPresence(state: PresenceState, reason: string | undefined, signal: AbortSignal): Promise<void> {
    this.#wish = { state, reason };
    await this.#inTurn(signal, async () => {
      // Whoever registers next says it then.
      if (!this.#presence.isRegistered) return;
      try {
        await this.#presence.update(this.#presenceWish(), signal);
      } catch (error) {
        if (!isFleetError(error, "conflict")) throw error;
        this.#lookAgain("the presence of this machine is not its own");
      }
    });
  }

  actedOn(seat: Seat): void {
    // Of another history than the one that is believed by now, it would be missed there.
    if (this.history === this.#belief.history) this.#belief.actedOn(seat);
  }

  async #stayJoined(signal: AbortSignal): Promise<void> {
    const { clock, random, logger } = this.#options;
    const backoff = new Backoff(clock, random);
    while (!signal.aborted) {
      this.#connection = new Scope(signal);
      try {
        const activities = await this.#connect(this.#connection.signal);
        backoff.reset();
        await runTogether(this.#connection.signal, activities);
        // If nothing was thrown, then a change calls for another look.
        this.#connection.signal.throwIfAborted();
      } catch (error) {
        if (signal.aborted) return;
        const cause = this.#connection.signal.aborted ? this.#connection.signal.reason : error;
        if (!isFleetError(cause) || cause.code === "already-exists") throw cause;
        logger.debug("session interrupted", { err: cause });
        this.#noteFailure(cause);
        await backoff.pause(signal).catch(() => undefined);
      } finally {
        this.#connection.release();
      }
    }
  }

  /** Judges, registers and reads. @returns what keeps the connection current; the first to end calls for another look. */
  async #connect(signal: AbortSignal): Promise<readonly Activity[]> {
    // Why there is another look is not asked: the presence may be gone.
    this.#presenceLease = undefined;
    const { isBelieved, registry, revision } = await this.#belief.judge(signal);
    const outcome = await this.#inTurn(signal, () =>
      this.#presence.register(this.#presenceWish(), registry, signal),
    );
    if (outcome === "displaced") return this.#beDisplaced();
    if (outcome === "anew") {
      this.#registration += 1;
      this.#isAstray = true;
    }
    if (!this.#isAstray) this.#beCounted();
    const watches = this.#presenceWatches(revision + 1);
    if (!isBelieved) {
      this.#beCounted();
      this.#become("frozen", this.#belief.freeze?.reason);
      return watches;
    }
    const followers = await this.#own.read(this.#belief.history, signal);
    // To register may take as long as a lease lives, and etcd may have been restored meanwhile, and gone on.
    const again = await this.#belief.judge(signal);
    if (!again.isBelieved || again.registry !== registry) return await this.#connect(signal);
    // While this machine was absent its seats may have gone elsewhere: only from here on it knows those that it has.
    if (this.#isAstray) {
      this.#isAstray = false;
      this.#beCounted();
    }
    this.#become("joined", undefined);
    return [
      ...watches,
      ...followers,
      (both) => this.#options.trust.untilDistrusted(both),
      (both) => this.#belief.rememberRevisions(both),
    ];
  }

  /** Watches the keys that decide whether everything must be looked at again. */
  #presenceWatches(from: Revision): readonly Activity[] {
    const { trust, keys, description } = this.#options;
    const { id } = description;
    const until = (key: string, isCause: (batch: WatchBatch) => boolean): Activity => {
      return async (signal) => {
        const scope = new Scope(signal);
        await trust.probe.watch({ key }, from, scope.signal, (batch) => {
          if (isCause(batch)) scope.abort();
        });
        scope.release();
      };
    };
    return [
      until(keys.presence(id), ({ events }) =>
        events.some((event) => event.kind === "delete" || !this.#presence.isOwn(event.item)),
      ),
      until(keys.cluster, ({ events }) => events.length > 0),
      until(keys.policy(id), ({ events }) =>
        events.some((event) => {
          const accept = event.kind === "put" ? readAccept(event.item) : undefined;
          return accept !== undefined && accept === this.#belief.freeze?.nonce;
        }),
      ),
    ];
  }

  /** From now on, renewals of the lease mean that this machine counts as present, and knows what it is to run. */
  #beCounted(): void {
    this.#presenceLease = this.#lease.leaseId;
    this.#passOnRenewal();
  }

  /**
   * A lease that our presence does not hang on, because it has just been granted, or is somebody else's affair, says nothing
   * of whether we count as present.
   */
  #passOnRenewal(): void {
    const { leaseId, validUntilMs } = this.#lease;
    if (leaseId === undefined || leaseId !== this.#presenceLease || !this.#presence.isRegistered) return;
    this.#options.onRenewed?.(validUntilMs);
  }

  #beDisplaced(): readonly Activity[] {
    const { clock, logger, ttlSeconds = defaultTtlSeconds } = this.#options;
    this.#presence.forget();
    this.#lease.release();
    if (this.#condition !== "displaced") {
      logger.error("somebody else registered under this machine's id; its units are left as they are");
    }
    this.#become("displaced", "somebody else registered under this machine's id");
    // Quiet until the other is gone, but not deaf.
    return [(signal) => clock.sleep(ttlSeconds * 500, signal)];
  }

  #noteFailure(cause: FleetError): void {
    // A change that needs another look is no failure, and neither is a race that was lost.
    if (cause.code === "conflict" || cause.code === "compacted" || cause.code === "not-found") return;
    if (this.#condition === "joined" || this.#condition === "disconnected") {
      this.#become("disconnected", cause.message);
    } else if (this.#condition === "joining") {
      this.#become("joining", cause.message);
    }
  }

  #lookAgain(why: string): void {
    this.#presence.forget();
    this.#connection.abort(new FleetError("conflict", why));
  }

  #presenceWish(): PresenceWish {
    const { freeze } = this.#belief;
    if (freeze === undefined) return { ...this.#wish, freeze: undefined };
    return { state: "frozen", reason: freeze.reason, freeze: this.#belief.publishedFreeze };
  }

  async #inTurn<T>(signal: AbortSignal, write: () => Promise<T>): Promise<T> {
    const turn = this.#writes.then(() => {
      signal.throwIfAborted();
      return write();
    });
    this.#writes = turn.catch(() => undefined);
    return await abortable(turn, signal);
  }

  #become(condition: SessionCondition, problem: string | undefined): void {
    const isNews = condition !== this.#condition || problem !== this.#problem;
    // The same trouble in other words is worth no second line for people.
    const isSameTrouble =
      condition === this.#condition && problem !== undefined && this.#problem !== undefined;
    this.#condition = condition;
    this.#problem = problem;
    if (!isNews) return;
    const fields = { condition, problem, registration: this.#registration };
    if (isSameTrouble) this.#options.logger.debug("membership changed", fields);
    else if (problem !== undefined) this.#options.logger.warn("membership changed", fields);
    else this.#options.logger.info("membership changed", fields);
    this.#tell(new Set());
  }

  #tell(touched: ReadonlySet<UnitName>): void {
    for (const listener of [...this.#listeners]) listener(touched);
  }
}
