import { FleetError, type Revision } from "@fleet/core";
import type {
  KeyRange,
  LeaseId,
  LeaseStatus,
  MemoryEtcd,
  RangeRequest,
  RangeResult,
  Store,
  Transaction,
  TransactionResult,
  WatchBatch,
} from "@fleet/registry";
import type { Chance } from "../chance.js";
import type { SimProcess } from "../machine/sim-process.js";
import type { Scheduler, Timer } from "../time/scheduler.js";
import type { EtcdServer, Origin } from "./etcd-server.js";
import type { Link } from "./link.js";
import { SimWatch } from "./sim-watch.js";

/** What a store of a process is made of. */
export interface SimStoreParts {
  readonly server: EtcdServer;
  readonly link: Link;
  readonly process: SimProcess;
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  readonly origin: Origin;
  /** Told when an answer has arrived. */
  readonly onContact: () => void;
}

/** After this a request that got no answer has failed, as with the etcd adapter. */
const requestTimeoutMs = 5_000;

/** No message takes longer than this one way, however slow the line: longer is what stalls are for. */
const latencyMsMax = 4_000;

/** How soon a member of etcd that has no leader says so. */
const lateFailureMs = 20;

/** One of so many requests takes a hundred times as long as the others. */
const stutterProbability = 0.01;

/** etcd as a process sees it over its machine's line: requests take time, and what can befall one does. */
export class SimStore implements Store {
  readonly #parts: SimStoreParts;
  /** When the request that was sent last arrives. Requests of one process go over one connection, so none overtakes another. */
  #arrivesAtMs = 0;

  constructor(parts: SimStoreParts) {
    this.#parts = parts;
  }

  range(request: RangeRequest, signal: AbortSignal): Promise<RangeResult> {
    return this.#call("store.range", signal, (etcd) => etcd.range(request));
  }

  transact(transaction: Transaction, signal: AbortSignal): Promise<TransactionResult> {
    return this.#call(nameOf(transaction), signal, (etcd) => etcd.transact(transaction));
  }

  grantLease(ttlSeconds: number, signal: AbortSignal): Promise<LeaseId> {
    return this.#call("store.grant", signal, (etcd) => etcd.grantLease(ttlSeconds));
  }

  keepAliveOnce(leaseId: LeaseId, signal: AbortSignal): Promise<number> {
    return this.#call("store.renew", signal, (etcd) => etcd.keepAlive(leaseId));
  }

  revokeLease(leaseId: LeaseId, signal: AbortSignal): Promise<void> {
    return this.#call("store.revoke", signal, (etcd) => etcd.revokeLease(leaseId));
  }

  leaseTimeToLive(leaseId: LeaseId, signal: AbortSignal): Promise<LeaseStatus | undefined> {
    return this.#call("store.ttl", signal, (etcd) => etcd.leaseStatus(leaseId));
  }

  watch(
    range: KeyRange,
    fromRevision: Revision,
    signal: AbortSignal,
    onBatch: (batch: WatchBatch) => void,
  ): Promise<void> {
    const { link, server } = this.#parts;
    if (signal.aborted) return Promise.resolve();
    if (link.isCut || !server.isUp) return this.#refuse(signal);
    return new SimWatch({ ...this.#parts, range, latencyMs: () => this.#latencyMs() }).run(
      fromRevision,
      signal,
      onBatch,
    );
  }

  async close(): Promise<void> {}

  #call<T>(what: string, signal: AbortSignal, perform: (etcd: MemoryEtcd) => T): Promise<T> {
    if (signal.aborted) return Promise.reject(signal.reason);
    const { process, link, server } = this.#parts;
    return new Promise<T>((resolve, reject) => {
      if (!process.pass(what, "before") && process.isDead) return;
      const exchange = new Exchange<T>(this.#parts, what, signal, resolve, reject);
      process.deliver(() => {
        if (exchange.isOver) return;
        if (link.isCut || !server.isUp) exchange.fail(1, "no connection");
        else if (this.#isHeldBack(what)) exchange.sendLate(link.lateWrites.ms, perform);
        else exchange.send(this.#wayThereMs(), this.#latencyMs(), perform);
      });
    });
  }

  #refuse(signal: AbortSignal): Promise<never> {
    const { process, scheduler } = this.#parts;
    return new Promise((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      scheduler.after(1, () => process.deliver(() => reject(unavailable("no connection"))));
    });
  }

  /**
   * Whether a request falls into the hands of a member that etcd's leader does not hear for a while. What the same process
   * asks for next goes to another one. Only writes of the leader are held back: what others may do late is
   * known, and weighed in docs/decisions/0047.
   */
  #isHeldBack(what: string): boolean {
    const { lateWrites } = this.#parts.link;
    if (what !== "store.commit" || lateWrites.left === 0) return false;
    lateWrites.left -= 1;
    return true;
  }

  #wayThereMs(): number {
    const { nowMs } = this.#parts.scheduler;
    this.#arrivesAtMs = Math.max(this.#arrivesAtMs, nowMs + this.#latencyMs());
    return this.#arrivesAtMs - nowMs;
  }

  /** One way. */
  #latencyMs(): number {
    const { chance, link } = this.#parts;
    const usual = 0.1 + chance.fraction() * 0.9;
    return Math.min(usual * link.slowness * (chance.happens(stutterProbability) ? 100 : 1), latencyMsMax);
  }
}

/** A request and its answer. */
class Exchange<T> {
  readonly #parts: SimStoreParts;
  readonly #what: string;
  readonly #signal: AbortSignal;
  readonly #resolve: (value: T) => void;
  readonly #reject: (error: unknown) => void;
  readonly #onAbort = (): void => {
    this.#close();
    this.#reject(this.#signal.reason);
  };
  readonly #onBreak = (): void => this.fail(0.1, "the connection was lost");
  #limit: Timer | undefined;
  isOver = false;

  constructor(
    parts: SimStoreParts,
    what: string,
    signal: AbortSignal,
    resolve: (value: T) => void,
    reject: (error: unknown) => void,
  ) {
    this.#parts = parts;
    this.#what = what;
    this.#signal = signal;
    this.#resolve = resolve;
    this.#reject = reject;
    signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** Sends the request. What has been sent arrives, whether or not anybody still waits for the answer. */
  send(thereMs: number, backMs: number, perform: (etcd: MemoryEtcd) => T): void {
    const { scheduler, link, server, origin } = this.#parts;
    this.#offBreak = link.onBreak(this.#onBreak);
    this.#limit = scheduler.after(requestTimeoutMs, () => this.fail(0, "no answer in time"));
    scheduler.after(thereMs, () =>
      link.toServer(() => {
        if (link.isCut || !server.isUp) return;
        let outcome: { readonly value: T } | { readonly error: unknown };
        const before = server.revision;
        try {
          outcome = { value: server.serve(origin, perform) };
        } catch (error) {
          outcome = { error };
        }
        if (link.repliesToLose > 0 && server.revision !== before) {
          link.repliesToLose -= 1;
          this.fail(backMs, "the answer was lost");
          return;
        }
        scheduler.after(backMs, () => link.toClient(() => this.#finish(outcome)));
      }),
    );
  }

  /** Sends the request to a member that gives no answer, and takes it to etcd's leader only after so long. */
  sendLate(ms: number, perform: (etcd: MemoryEtcd) => T): void {
    const { scheduler, server, origin, link } = this.#parts;
    this.#offBreak = link.onBreak(this.#onBreak);
    this.fail(lateFailureMs, "the member has lost its leader");
    scheduler.after(ms, () => {
      if (!server.isUp) return;
      // What is written now was decided from what was known then.
      link.noteSilence(scheduler.nowMs - ms);
      try {
        server.serve(origin, perform);
      } catch {
        // Nobody hears of it.
      }
    });
  }

  /** The request fails, after a while. */
  fail(ms: number, why: string): void {
    if (this.isOver) return;
    const { scheduler } = this.#parts;
    const error = unavailable(why);
    if (ms === 0) this.#finish({ error });
    else scheduler.after(ms, () => this.#finish({ error }));
  }

  #offBreak: () => void = () => {};

  #finish(outcome: { readonly value: T } | { readonly error: unknown }): void {
    const { process, onContact } = this.#parts;
    if (this.isOver || process.isDead) return;
    if (!process.pass(this.#what, "after") && process.isDead) return;
    this.#release();
    if ("value" in outcome) onContact();
    process.deliver(() => {
      if (this.isOver) return;
      this.#close();
      if ("value" in outcome) this.#resolve(outcome.value);
      else this.#reject(outcome.error);
    });
  }

  #release(): void {
    this.#parts.scheduler.cancel(this.#limit);
    this.#offBreak();
  }

  #close(): void {
    this.isOver = true;
    this.#release();
    this.#signal.removeEventListener("abort", this.#onAbort);
  }
}

/** The checkpoint of a transaction: what it is about, so that a trap can wait for it. */
function nameOf({ success = [] }: Transaction): string {
  for (const step of success) {
    if (step.kind === "get" || !("key" in step)) continue;
    if (step.key.includes("/schedule/")) return "store.commit";
    if (step.key.includes("/states/")) return "store.publish";
    if (step.key.includes("/machines/")) return "store.register";
    if (step.key.includes("/units/")) return "store.api";
  }
  return "store.transact";
}

/** The error of a request that may or may not have taken effect. */
export function unavailable(why: string): FleetError {
  return new FleetError("unavailable", `cannot reach etcd: ${why}`);
}
