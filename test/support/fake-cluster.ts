import { type ClusterView, FleetError, type Revision } from "@fleet/core";
import type {
  ChangeOutcome,
  ClusterReplica,
  CommitResult,
  Election,
  EngineStatus,
  Guard,
  GuardedChange,
  LeaderRegistry,
  Leadership,
  LeaderWrite,
  ReplicaChange,
  ReplicaCondition,
} from "@fleet/core/ports";
import type { ClusterSketch } from "./cluster-sketch.js";
import { ViewWatcher } from "./view-changes.js";

/** The replica of a sketched cluster. It sees a change when the test, or the fake registry, says so. */
export class FakeReplica implements ClusterReplica {
  condition: ReplicaCondition = "current";
  problem: string | undefined;
  holds = 0;
  refreshes = 0;
  /** Makes reads of the newest revision fail. */
  unreachable = false;
  readonly #cluster: ClusterSketch;
  readonly #listeners = new Set<(change: ReplicaChange) => void>();
  readonly #waiting = new Set<() => void>();
  readonly #watcher: ViewWatcher;
  #seen: Revision = 0;

  constructor(cluster: ClusterSketch) {
    this.#cluster = cluster;
    this.#watcher = new ViewWatcher(cluster.view);
    this.#seen = cluster.view.revision;
  }

  get revision(): Revision {
    return this.#seen;
  }

  hold(): () => void {
    this.holds += 1;
    let held = true;
    return () => {
      if (held) this.holds -= 1;
      held = false;
    };
  }

  view(): ClusterView {
    return this.#cluster.view;
  }

  async waitFor(revision: Revision, signal: AbortSignal): Promise<void> {
    while (this.#seen < revision) {
      await new Promise<void>((resolve, reject) => {
        const abort = () => reject(signal.reason);
        signal.addEventListener("abort", abort, { once: true });
        this.#waiting.add(() => {
          signal.removeEventListener("abort", abort);
          resolve();
        });
      });
      if (this.condition === "younger") throw new FleetError("unavailable", "the registry went back in time");
    }
  }

  async refresh(): Promise<Revision> {
    this.refreshes += 1;
    if (this.unreachable) throw new FleetError("unavailable", "cannot reach etcd");
    if (this.#seen < this.#cluster.view.revision) this.step();
    return this.#seen;
  }

  subscribe(listener: (change: ReplicaChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  run(): Promise<void> {
    return Promise.resolve();
  }

  /** Lets the replica see everything that has happened. */
  step(resynced = false): void {
    this.#seen = this.#cluster.view.revision;
    const { units, machines, spots } = this.#watcher.look();
    const change: ReplicaChange = { revision: this.#seen, resynced, units, machines, spots, leader: false };
    for (const listener of this.#listeners) listener(change);
    this.wake();
  }

  /** Wakes those who wait for a revision, to look again. */
  wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }
}

/** Commits to a sketched cluster, judging every guard. */
export class FakeLeaderRegistry implements LeaderRegistry {
  readonly commits: GuardedChange[] = [];
  readonly statuses: EngineStatus[] = [];
  /** Called before each commit: a chance to change the cluster under the leader's feet, or to throw. */
  beforeCommit: (changes: readonly GuardedChange[]) => void = () => {};
  /** Says that the answer to a change was lost; it is written all the same. */
  losesAnswer: (change: GuardedChange) => boolean = () => false;
  /** How often the proof of the office was renewed. */
  renewals = 0;
  unitFiles: { contentId: string; modRevision: Revision }[] = [];
  readonly #cluster: ClusterSketch;
  readonly #replica: FakeReplica;

  constructor(cluster: ClusterSketch, replica: FakeReplica) {
    this.#cluster = cluster;
    this.#replica = replica;
  }

  async commit(leadership: Leadership, changes: readonly GuardedChange[]): Promise<CommitResult> {
    this.beforeCommit(changes);
    if (leadership.signal.aborted) throw new FleetError("conflict", "the office is lost");
    // All guards of a transaction are judged before anything is written.
    const met = changes.map((change) => change.guards.every((guard) => this.#isMet(guard)));
    const outcomes = changes.map((change, index): ChangeOutcome => {
      if (!met[index]) return "stale";
      this.commits.push(change);
      for (const write of change.writes) this.#write(write);
      return this.losesAnswer(change) ? "unknown" : "committed";
    });
    queueMicrotask(() => this.#replica.step());
    return { outcomes, revision: outcomes.includes("committed") ? this.#cluster.view.revision : 0 };
  }

  async settle(): Promise<void> {}

  async renewProof(): Promise<void> {
    this.renewals += 1;
  }

  async publishStatus(_leadership: Leadership, status: EngineStatus): Promise<void> {
    if (JSON.stringify(this.statuses.at(-1)) !== JSON.stringify(status)) this.statuses.push(status);
  }

  async unreferencedUnitFiles(): Promise<readonly { contentId: string; modRevision: Revision }[]> {
    return this.unitFiles;
  }

  #isMet(guard: Guard): boolean {
    const { units, destroyed, seats, machines } = this.#cluster;
    switch (guard.kind) {
      case "unit":
        return (units.get(guard.unit)?.modRevision ?? 0) === guard.revision;
      case "mark":
        return (destroyed.get(guard.unit)?.modRevision ?? 0) === guard.revision;
      case "presence":
        return (machines.get(guard.machine)?.presence?.modRevision ?? 0) === guard.revision;
      case "seat": {
        const seat = seats.get(guard.machine)?.get(guard.unit);
        return guard.revision === "held" ? seat !== undefined : (seat?.modRevision ?? 0) === guard.revision;
      }
    }
  }

  #write(write: LeaderWrite): void {
    switch (write.kind) {
      case "put-seat":
        this.#cluster.putSeat(write.seat.machine, write.seat.unit, write.seat.target, write.seat);
        break;
      case "delete-seat":
        this.#cluster.seats.get(write.machine)?.delete(write.unit);
        this.#cluster.nextRevision();
        break;
      case "delete-mark":
        this.#cluster.destroyed.delete(write.unit);
        this.#cluster.nextRevision();
        break;
      case "delete-unit-file":
        this.unitFiles = this.unitFiles.filter(({ contentId }) => contentId !== write.contentId);
        this.#cluster.nextRevision();
        break;
    }
  }
}

/** An election that is won and lost when the test says so. */
export class FakeElection implements Election {
  isLeader = false;
  resigned = 0;
  #isCandidate = true;
  readonly #listeners = new Set<() => void>();
  #elect: ((revision: Revision) => void) | undefined;
  #office = new AbortController();
  #terms = 0;

  get isCandidate(): boolean {
    return this.#isCandidate;
  }

  set isCandidate(isCandidate: boolean) {
    this.#isCandidate = isCandidate;
    for (const listener of this.#listeners) listener();
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Wins the office, from the given revision on. */
  elect(revision: Revision): void {
    this.#elect?.(revision);
  }

  /** Loses the office. */
  depose(): void {
    this.#office.abort(new Error("office lost"));
  }

  async run(lead: (leadership: Leadership) => Promise<void>, signal: AbortSignal): Promise<void> {
    const abort = () => this.#office.abort(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    while (!signal.aborted) {
      const revision = await new Promise<Revision | undefined>((resolve) => {
        this.#elect = resolve;
        signal.addEventListener("abort", () => resolve(undefined), { once: true });
      });
      if (revision === undefined) return;
      this.#terms += 1;
      this.#office = new AbortController();
      this.isLeader = true;
      await lead({
        term: { n: this.#terms, uuid: `term-${this.#terms}` },
        revision,
        signal: this.#office.signal,
        resign: async () => {
          this.resigned += 1;
          this.#office.abort(new Error("resigned"));
        },
      });
      this.isLeader = false;
    }
  }
}
