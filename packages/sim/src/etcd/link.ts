import type { Scheduler } from "../time/scheduler.js";

/**
 * `up`; `cut`: connections break and new ones are refused; `stalled`: nothing gets through in either direction, and
 * arrives when the line is healed; `deaf`: answers do not get back; `mute`: requests do not get out.
 */
export type LinkMode = "up" | "cut" | "stalled" | "deaf" | "mute";

/** The line between one machine and etcd. */
export class Link {
  readonly #scheduler: Scheduler;
  readonly #toServer: (() => void)[] = [];
  readonly #toClient: (() => void)[] = [];
  readonly #onBreak = new Set<() => void>();
  #mode: LinkMode = "up";
  /** How much slower than usual it is. */
  slowness = 1;
  /** How many of the next writes take effect and get no answer. */
  repliesToLose = 0;
  /** How many of the leader's next writes get no answer and take effect only after so long: a member of etcd holds them back. */
  lateWrites = { left: 0, ms: 0 };
  /** When the line was last other than up. */
  lastTroubleMs = Number.NEGATIVE_INFINITY;
  /** When that trouble began. */
  troubleSinceMs = Number.NEGATIVE_INFINITY;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  get mode(): LinkMode {
    return this.#mode;
  }

  get isCut(): boolean {
    return this.#mode === "cut";
  }

  /** Whether messages to etcd wait. */
  get holdsRequests(): boolean {
    return this.#mode === "stalled" || this.#mode === "mute";
  }

  /** Whether messages from etcd wait. */
  get holdsAnswers(): boolean {
    return this.#mode === "stalled" || this.#mode === "deaf";
  }

  set(mode: LinkMode): void {
    this.lastTroubleMs = this.#scheduler.nowMs;
    if (this.#mode === "up") this.troubleSinceMs = this.#scheduler.nowMs;
    this.#mode = mode;
    if (mode === "cut") this.breakNow();
    if (!this.holdsRequests) release(this.#toServer);
    if (!this.holdsAnswers) release(this.#toClient);
  }

  /** Breaks what is under way; what was sent may have arrived. */
  breakNow(): void {
    this.lastTroubleMs = this.#scheduler.nowMs;
    this.#toClient.length = 0;
    for (const listener of [...this.#onBreak]) listener();
  }

  /** Takes note that the machine took nothing in from then on until now. */
  noteSilence(sinceMs: number): void {
    this.lastTroubleMs = this.#scheduler.nowMs;
    this.troubleSinceMs = sinceMs;
  }

  /** Calls back when the connection breaks. @returns what takes it back. */
  onBreak(listener: () => void): () => void {
    this.#onBreak.add(listener);
    return () => this.#onBreak.delete(listener);
  }

  /** Brings a message to etcd, once the line lets it through. */
  toServer(message: () => void): void {
    if (this.holdsRequests) this.#toServer.push(message);
    else message();
  }

  /** Brings a message to the machine, once the line lets it through. */
  toClient(message: () => void): void {
    if (this.holdsAnswers) this.#toClient.push(message);
    else message();
  }
}

function release(messages: (() => void)[]): void {
  for (const message of messages.splice(0)) message();
}
