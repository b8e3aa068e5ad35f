/** A moment at which a process can be interrupted: before it asks the outside for something, or after it was done. */
export interface Checkpoint {
  /** What it asks for: `store.transact`, `systemd.start`, `disk.write`, … */
  readonly what: string;
  readonly side: "before" | "after";
}

/** Lies in wait for a process. */
export interface Trap {
  /** @returns whether this is the moment. */
  readonly matches: (checkpoint: Checkpoint) => boolean;
  readonly spring: () => void;
}

/**
 * A process of fleetd. Everything it asks of the outside and everything it is told goes through here, so it can be frozen
 * and killed at any await: a frozen one hears nothing and what it says goes out when it thaws; a dead one never hears
 * anything again, and what it has sent is on its way.
 */
export class SimProcess {
  readonly name: string;
  #state: "running" | "frozen" | "dead" = "running";
  #held: (() => void)[] = [];
  #traps: Trap[] = [];
  readonly #onDeath = new Set<() => void>();

  constructor(name: string) {
    this.name = name;
  }

  get isDead(): boolean {
    return this.#state === "dead";
  }

  get isFrozen(): boolean {
    return this.#state === "frozen";
  }

  /** Tells the process something, now or when it thaws, or never. */
  deliver(message: () => void): void {
    if (this.#state === "running") message();
    else if (this.#state === "frozen") this.#held.push(message);
  }

  /**
   * Asks the outside for something on behalf of the process.
   * @param effect - What happens outside. It may happen although the process does not live to hear of it.
   */
  ask<T>(what: string, effect: () => Promise<T> | T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#checkpoint(what, "before");
      this.deliver(() => {
        let outcome: Promise<T> | T;
        try {
          outcome = effect();
        } catch (error) {
          reject(error);
          return;
        }
        if (outcome instanceof Promise) {
          outcome.then(
            (value) => this.answer(what, () => resolve(value)),
            (error) => this.answer(what, () => reject(error)),
          );
        } else this.answer(what, () => resolve(outcome as T));
      });
    });
  }

  /** Brings an answer. */
  answer(what: string, message: () => void): void {
    this.#checkpoint(what, "after");
    this.deliver(message);
  }

  /** Sets a trap. */
  trap(trap: Trap): void {
    this.#traps.push(trap);
  }

  /** Whether a checkpoint lets the process go on; springs traps. */
  pass(what: string, side: Checkpoint["side"]): boolean {
    this.#checkpoint(what, side);
    return this.#state === "running";
  }

  freeze(): void {
    if (this.#state === "running") this.#state = "frozen";
  }

  thaw(): void {
    if (this.#state !== "frozen") return;
    this.#state = "running";
    const held = this.#held;
    this.#held = [];
    for (const message of held) this.deliver(message);
  }

  /** Ends the process where it stands. */
  kill(): void {
    if (this.#state === "dead") return;
    this.#state = "dead";
    this.#held = [];
    this.#traps = [];
    for (const listener of this.#onDeath) listener();
    this.#onDeath.clear();
  }

  /** Tells the outside that the process is gone, as a closed socket does. @returns what takes it back. */
  onDeath(listener: () => void): () => void {
    this.#onDeath.add(listener);
    return () => this.#onDeath.delete(listener);
  }

  #checkpoint(what: string, side: Checkpoint["side"]): void {
    if (this.#traps.length === 0 || this.#state === "dead") return;
    for (const trap of [...this.#traps]) {
      if (!trap.matches({ what, side })) continue;
      this.#traps = this.#traps.filter((other) => other !== trap);
      trap.spring();
    }
  }
}
