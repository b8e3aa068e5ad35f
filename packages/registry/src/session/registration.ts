import { assert, FleetError, type PresenceContent, type PresenceState, type Revision } from "@fleet/core";
import { decodePresence, encodePresence, type Freeze, type StoredPresence } from "../codec.js";
import { readAll } from "../read-all.js";
import type { Compare, LeaseId, Operation, StoredValue } from "../store.js";
import { waitUntilRemnant } from "./duplicate.js";
import type { MachineLease } from "./machine-lease.js";
import type { MachineSessionOptions } from "./session-options.js";

/** What the presence is to say. */
export interface PresenceWish {
  readonly state: PresenceState;
  readonly reason: string | undefined;
  readonly freeze: Freeze | undefined;
}

/**
 * `anew`: registered where nothing of this machine's boot was; its states must be published again. `taken-over`: the
 * presence and the states of the daemon before it, or of this one, go on. `displaced`: somebody else has registered.
 */
export type RegistrationOutcome = "anew" | "taken-over" | "displaced";

/** What a registration comes to, and what has to follow once the presence is written. */
interface Begun {
  readonly outcome: "anew" | "taken-over";
  /** States of the daemon before are to be moved to the lease. */
  readonly adopts: boolean;
  /** To be ended. */
  readonly oldLease: LeaseId | undefined;
}

/** States are moved to a new lease in portions of this many. */
const adoptedAtOnce = 100;

/** This machine's presence, and what proves in every transaction that it is still ours. */
export class Registration {
  readonly #options: MachineSessionOptions;
  readonly #lease: MachineLease;
  /** The exact value of our presence, as last written. */
  #value: string | undefined;
  /** Where and when this process last registered: whoever stands there with a newer revision, if not we, came after us. */
  #registered: { readonly registry: string; readonly revision: Revision } | undefined;
  /** The cluster that etcd held when this machine last registered, or began to. */
  #registry = "";
  /** A registration that is not through: whether it was written is not known, and what comes after it was not done. */
  #begun: Begun | undefined;

  constructor(options: MachineSessionOptions, lease: MachineLease) {
    this.#options = options;
    this.#lease = lease;
  }

  /** Whether the presence is ours, as far as is known. */
  get isRegistered(): boolean {
    return this.#value !== undefined;
  }

  /** What a transaction of this machine compares. */
  get proof(): Compare | undefined {
    if (this.#value === undefined) return undefined;
    return { key: this.#key, target: "value", is: "=", operand: this.#value };
  }

  /** The presence is not ours any more. */
  forget(): void {
    this.#value = undefined;
  }

  /** Says whether a presence, as read, was written by this process. */
  isOwn(item: StoredValue | undefined): boolean {
    return item !== undefined && this.#read(item)?.instance === this.#options.instance;
  }

  /**
   * Registers, or finds itself registered.
   * @param registry - Names the cluster that etcd holds. In another one, or after etcd went back in time, somebody else's
   * presence is nobody who came after us: it may be that of our own predecessor.
   * @throws {FleetError} `already-exists` if another live machine has this id; `conflict` if somebody was faster: look again.
   */
  async register(wish: PresenceWish, registry: string, signal: AbortSignal): Promise<RegistrationOutcome> {
    const { trust, instance, description } = this.#options;
    const item = (await trust.probe.range({ key: this.#key }, signal)).items[0];
    // Nothing is renewed before this is clear: it could be the other's lease.
    if (item !== undefined && this.#isSuccessor(item, registry)) return "displaced";
    this.#registry = registry;
    const found = await this.#lease.find(signal);
    // One that was made for another lifetime is left for a new one, like that of a predecessor whose runtime directory is gone.
    const misfit = found?.isMisfit === true ? found.leaseId : undefined;
    const fit = found?.isMisfit === false ? found.leaseId : undefined;
    if (item === undefined) {
      // What was said on a lease that is left must not be found, and end with it later.
      this.#begun = { outcome: "anew", adopts: false, oldLease: misfit };
      return await this.#carryOut(wish, fit ?? (await this.#lease.grant(signal)), item, signal);
    }
    const presence = this.#read(item);
    if (fit !== undefined && item.leaseId === fit) {
      // The lease's id is known to this machine alone, so the one who attached the key to it was our predecessor: or this
      // process, whose answer was lost.
      const isOwn = presence?.instance === instance;
      const takenOver: Begun = { outcome: "taken-over", adopts: !isOwn, oldLease: undefined };
      this.#begun = (isOwn ? this.#begun : undefined) ?? takenOver;
      return await this.#carryOut(wish, fit, item, signal);
    }
    const isLeft = misfit !== undefined && item.leaseId === misfit;
    const isSameBoot = isLeft || presence?.bootId === description.bootId;
    if (presence !== undefined && !isSameBoot && presence.state !== "leaving") {
      await waitUntilRemnant(this.#options, presence, signal);
    }
    const outcome = isSameBoot ? "taken-over" : "anew";
    this.#begun = { outcome, adopts: isSameBoot, oldLease: item.leaseId };
    return await this.#carryOut(wish, fit ?? (await this.#lease.grant(signal)), item, signal);
  }

  /** Writes the presence, and does what has to follow, also if it was written before. */
  async #carryOut(
    wish: PresenceWish,
    leaseId: LeaseId,
    item: StoredValue | undefined,
    signal: AbortSignal,
  ): Promise<RegistrationOutcome> {
    const begun = this.#begun;
    assert(begun !== undefined, "a registration is begun before it is carried out");
    const seenValue = item?.leaseId === leaseId ? item.value : undefined;
    await this.#put(wish, leaseId, item?.modRevision ?? 0, signal, seenValue);
    if (begun.adopts) await this.#adoptStates(leaseId, signal);
    if (begun.oldLease !== undefined && begun.oldLease !== leaseId) {
      await this.#options.trust.probe.revokeLease(begun.oldLease, signal);
    }
    this.#begun = undefined;
    return begun.outcome;
  }

  #isSuccessor(item: StoredValue, registry: string): boolean {
    const before = this.#registered;
    if (before?.registry !== registry || this.isOwn(item)) return false;
    return item.modRevision > before.revision;
  }

  /** Makes the presence say something else. @throws {FleetError} `conflict` if it is not ours any more. */
  async update(wish: PresenceWish, signal: AbortSignal): Promise<void> {
    const item = (await this.#options.trust.probe.range({ key: this.#key }, signal)).items[0];
    if (item?.leaseId === undefined || !this.isOwn(item)) {
      this.forget();
      throw conflict();
    }
    await this.#put(wish, item.leaseId, item.modRevision, signal);
  }

  get #key(): string {
    return this.#options.keys.presence(this.#options.description.id);
  }

  #read(item: StoredValue): StoredPresence | undefined {
    try {
      return decodePresence(item, this.#options.description.id);
    } catch {
      // Not ours, and nothing to take over from: it is replaced.
      return undefined;
    }
  }

  async #put(
    wish: PresenceWish,
    leaseId: LeaseId,
    seenRevision: number,
    signal: AbortSignal,
    seenValue?: string,
  ): Promise<void> {
    const { trust, keys, description, instance, clock } = this.#options;
    const content: PresenceContent & { freeze?: Freeze } = {
      ...description,
      instance,
      state: wish.state,
      ...(wish.reason === undefined ? {} : { reason: wish.reason }),
      ...(wish.freeze === undefined ? {} : { freeze: wish.freeze }),
    };
    const value = encodePresence(content);
    if (value === seenValue) {
      this.#value = value;
      return;
    }
    const record = keys.machineRecord(description.id);
    const known = (await trust.probe.range({ key: record }, signal)).items[0];
    const success: Operation[] = [{ kind: "put", key: this.#key, value, leaseId }];
    // After an absence the record is written anew, though it says the same: what an operator decided about that absence
    // names the record's revision, and is over with it.
    if (known === undefined || seenRevision === 0) {
      const fresh = JSON.stringify({ sinceMs: Math.round(clock.now()) });
      success.push({ kind: "put", key: record, value: known?.value ?? fresh });
    }
    const { succeeded, revision } = await trust.probe.transact(
      { compare: [{ key: this.#key, target: "mod", is: "=", operand: seenRevision }], success },
      signal,
    );
    if (!succeeded) throw conflict();
    this.#value = value;
    this.#registered = { registry: this.#registry, revision };
  }

  /** Moves states that hang on another lease to ours, before that lease ends and takes them along. */
  async #adoptStates(leaseId: LeaseId, signal: AbortSignal): Promise<void> {
    const { trust, keys, description } = this.#options;
    const { items } = await readAll(trust.probe, keys.states(description.id), signal);
    const foreign = items.filter((item) => item.leaseId !== leaseId);
    for (let done = 0; done < foreign.length; done += adoptedAtOnce) {
      const portion = foreign.slice(done, done + adoptedAtOnce);
      const { succeeded } = await trust.probe.transact(
        {
          compare: this.proof === undefined ? [] : [this.proof],
          success: portion.map(({ key, value }) => ({ kind: "put", key, value, leaseId }) as const),
        },
        signal,
      );
      if (!succeeded) throw conflict();
    }
  }
}

function conflict(): FleetError {
  return new FleetError("conflict", "cannot register: the presence of this machine changed meanwhile");
}
