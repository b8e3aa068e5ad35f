import { type Revision, refusedJob, type Seat, type UnitName } from "@fleet/core";
import type { AgentTaskKind, LocalFacts, LocalFile, StartMemory, UnitView } from "../plan/machine-view.js";
import type { StateRemarks } from "../plan/unit-state-of.js";
import { TaskPace } from "./task-pace.js";

/** Where the facts that other parts keep are looked up. */
export interface UnitSources {
  seat(unit: UnitName): Seat | undefined;
  watermark(unit: UnitName): Revision;
  starts(unit: UnitName): StartMemory;
  hasState(unit: UnitName): boolean;
  /** Asked of exclusive units only. */
  startObstacle(unit: UnitName): string | undefined;
  hasTrigger(unit: UnitName): boolean;
}

/** A failure that is waited out before the unit is looked at again. */
export interface HeldBack {
  readonly untilMs: number;
  /** A change of the seat ends the wait: what was asked for then is no longer what is asked for now. */
  readonly seatRevision: Revision | undefined;
}

/** Everything this process knows of one unit. It is the planner's view of it, always as of now. */
export class UnitMemory implements UnitView, StateRemarks {
  readonly name: UnitName;
  readonly path: string;
  file: LocalFile | "unreadable" | undefined = undefined;
  acked: Revision | undefined = undefined;
  work: AgentTaskKind | undefined = undefined;
  /** The history of the seat that the work was begun for. */
  workHistory: string | undefined = undefined;
  isReplacing = false;
  wasStopped = false;
  /** The invocation that was stopped then; empty if unknown. */
  stoppedInvocation = "";
  /** The log has it. */
  isStopTold = true;
  /** How often it was stopped by somebody else of late. */
  stops = 0;
  /** When it was last, on `monotonic`. */
  stoppedAtMs = Number.NEGATIVE_INFINITY;
  /** Its job waits until systemd has fewer of them. */
  isQueued = false;
  /** What was said of it is being withdrawn. */
  isWithdrawn = false;
  /** A start of ours is in systemd's queue. */
  isStarting = false;
  refusal: string | undefined = undefined;
  failure: string | undefined = undefined;
  wait: string | undefined = undefined;
  jobResult: string | undefined = undefined;
  failures = 0;
  heldBack: HeldBack | undefined = undefined;
  readonly pace = new TaskPace();
  ownInvocation = "";
  readonly #sources: UnitSources;
  #local: LocalFacts | undefined = undefined;

  constructor(name: UnitName, path: string, sources: UnitSources) {
    this.name = name;
    this.path = path;
    this.#sources = sources;
  }

  get local(): LocalFacts | undefined {
    return this.#local;
  }

  set local(facts: LocalFacts | undefined) {
    this.#local = facts;
    if (facts?.fragmentPath === this.path && facts.invocationId !== "")
      this.ownInvocation = facts.invocationId;
  }

  get seat(): Seat | undefined {
    return this.#sources.seat(this.name);
  }

  get watermark(): Revision {
    return this.#sources.watermark(this.name);
  }

  get starts(): StartMemory {
    return this.#sources.starts(this.name);
  }

  get hasState(): boolean {
    if (this.acked !== undefined || this.refusal !== undefined) return true;
    return !this.isWithdrawn && this.#sources.hasState(this.name);
  }

  get isExclusive(): boolean {
    return typeof this.file === "object" && this.file.isExclusive === true;
  }

  get startObstacle(): string | undefined {
    return this.isExclusive ? this.#sources.startObstacle(this.name) : undefined;
  }

  get hasTrigger(): boolean {
    return this.#sources.hasTrigger(this.name);
  }

  get problem(): string | undefined {
    return this.failure ?? this.wait;
  }

  /** Whether a failure is still waited out. */
  isHeldBack(nowMs: number): boolean {
    const { heldBack } = this;
    return (
      heldBack !== undefined && heldBack.untilMs > nowMs && heldBack.seatRevision === this.seat?.modRevision
    );
  }

  /** What was tried worked out: earlier failures no longer count. */
  clearFailures(): void {
    this.failures = 0;
    this.failure = undefined;
    this.refusal = undefined;
    if (this.jobResult === refusedJob) this.jobResult = undefined;
    this.heldBack = undefined;
  }
}
