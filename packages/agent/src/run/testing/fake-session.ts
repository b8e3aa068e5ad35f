import {
  type ContentId,
  FleetError,
  type MachineId,
  type Metadata,
  type PresenceState,
  type Revision,
  type Seat,
  type SeatTarget,
  type UnitName,
  type UnitState,
  type UnitStateContent,
  unitContentFromText,
} from "@fleet/core";
import type { MachineSession, PublishOutcome, SessionCondition } from "@fleet/core/ports";

/** What a test says of a seat; what it leaves out stays as it was, or is that of a first seat. */
export interface SeatSketch {
  readonly target?: SeatTarget;
  readonly text?: string;
  readonly startCount?: number;
}

/** One machine's part of a registry, in memory; it outlives the agents of a test. */
export class FakeSession implements MachineSession {
  readonly machine: MachineId;
  condition: SessionCondition = "joined";
  problem: string | undefined;
  history: string | undefined = "epoch-1";
  metadata: Metadata = {};
  registration = 1;
  /** What stands in the registry, whether it can be reached or not. */
  readonly allSeats = new Map<UnitName, Seat>();
  readonly states = new Map<UnitName, UnitState>();
  readonly texts = new Map<ContentId, string>();
  /** Every state written, in order, with the revision. */
  readonly published: UnitState[] = [];
  readonly presence: PresenceState[] = [];
  readonly acted: Seat[] = [];
  /** While true, publishing fails as if etcd were away. */
  isAway = false;
  /** While true, publishing an acknowledgement fails, because what it rests on cannot be written to the disk. */
  isDiskFull = false;
  /** While true, publishing takes effect and fails nevertheless, as if the answer were lost. */
  losesAnswers = false;
  #isOffline = false;
  #revision = 100;
  readonly #listeners = new Set<(touched: ReadonlySet<UnitName>) => void>();

  constructor(machine: MachineId) {
    this.machine = machine;
  }

  get seats(): ReadonlyMap<UnitName, Seat> {
    return this.#isOffline ? new Map() : this.allSeats;
  }

  async run(): Promise<void> {}

  subscribe(listener: (touched: ReadonlySet<UnitName>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async readUnitText(contentId: ContentId): Promise<string | undefined> {
    if (this.isAway) throw new FleetError("unavailable", "cannot read the text: etcd is away");
    return this.texts.get(contentId);
  }

  async readOwnStates(): Promise<readonly UnitState[]> {
    return [...this.states.values()];
  }

  async publish(states: readonly UnitStateContent[], removals: readonly UnitName[]): Promise<PublishOutcome> {
    if (this.isAway) throw new FleetError("unavailable", "cannot publish: etcd is away");
    if (this.isDiskFull && states.some(({ acked }) => acked !== undefined))
      throw new FleetError("unavailable", "cannot publish: the disk is full");
    if (this.condition !== "joined") return { kind: "not-registered" };
    this.#revision += 1;
    for (const content of states) {
      const createRevision = this.states.get(content.unit)?.createRevision ?? this.#revision;
      const state = { ...content, createRevision, modRevision: this.#revision };
      this.states.set(content.unit, state);
      this.published.push(state);
    }
    for (const unit of removals) this.states.delete(unit);
    if (this.losesAnswers) throw new FleetError("unavailable", "cannot publish: the answer was lost");
    return { kind: "published", revision: this.#revision };
  }

  async setPresence(state: PresenceState): Promise<void> {
    this.presence.push(state);
  }

  actedOn(seat: Seat): void {
    this.acted.push(seat);
  }

  /** Writes a seat, as a leader would. @returns its mod revision. */
  seat(name: UnitName, sketch: SeatSketch): Revision {
    const before = this.allSeats.get(name);
    this.#revision += 1;
    const content = sketch.text === undefined ? undefined : unitContentFromText(sketch.text);
    if (content !== undefined) this.texts.set(content.contentId, content.text);
    this.allSeats.set(name, {
      machine: this.machine,
      unit: name,
      contentId: content?.contentId ?? before?.contentId ?? "",
      hash: content?.hash ?? before?.hash ?? "",
      target: sketch.target ?? before?.target ?? "launched",
      startCount: sketch.startCount ?? before?.startCount ?? 1,
      term: { n: 1, uuid: "term" },
      reason: "as the test wants it",
      createRevision: before?.createRevision ?? this.#revision,
      modRevision: this.#revision,
    });
    this.#tell([name]);
    return this.#revision;
  }

  /** Deletes a seat. */
  unseat(name: UnitName): void {
    this.allSeats.delete(name);
    this.#tell([name]);
  }

  /** Changes what the session says of itself. */
  become(condition: SessionCondition): void {
    this.condition = condition;
    this.#tell([]);
  }

  /** The lease is gone, and the states with it; the machine registers anew. */
  registerAnew(): void {
    this.states.clear();
    this.registration += 1;
    this.#tell([]);
  }

  /** A machine begins that cannot reach the registry; what it said before has gone with its lease. */
  goOffline(): void {
    this.#isOffline = true;
    this.isAway = true;
    this.problem = "etcd cannot be reached";
    this.states.clear();
    this.become("joining");
  }

  /** The registry can be reached, and the machine registers. */
  goOnline(): void {
    this.#isOffline = false;
    this.isAway = false;
    this.problem = undefined;
    this.registration += 1;
    this.condition = "joined";
    this.#tell([...this.allSeats.keys()]);
  }

  setMetadata(metadata: Metadata): void {
    this.metadata = metadata;
    this.#tell([]);
  }

  #tell(units: readonly UnitName[]): void {
    for (const listener of this.#listeners) listener(new Set(units));
  }
}
