import type { MemoryUnitManager } from "@fleet/agent/systemd";
import type { UnitName } from "@fleet/core";
import type { Job, LocalUnit, UnitManager, UnitManagerEvent } from "@fleet/core/ports";
import type { Chance } from "../chance.js";
import type { Scheduler } from "../time/scheduler.js";
import type { SimProcess } from "./sim-process.js";

/** Hears what systemd is asked to do. */
export type CallWitness = (
  call: "start" | "stop",
  unit: UnitName,
) => {
  /** To be called if systemd refuses. */
  readonly refused: () => void;
  /** To be called when the process has heard of the job's end. */
  readonly ended: () => void;
};

/** A machine's systemd as a process has it: over a bus that takes a moment, with itself in between. */
export class GatedUnitManager implements UnitManager {
  readonly #systemd: MemoryUnitManager;
  readonly #process: SimProcess;
  readonly #scheduler: Scheduler;
  readonly #chance: Chance;
  readonly #onCall: CallWitness;

  constructor(
    systemd: MemoryUnitManager,
    process: SimProcess,
    scheduler: Scheduler,
    chance: Chance,
    onCall: CallWitness,
  ) {
    this.#systemd = systemd;
    this.#process = process;
    this.#scheduler = scheduler;
    this.#chance = chance;
    this.#onCall = onCall;
  }

  get connected(): boolean {
    return this.#systemd.connected;
  }

  get problem(): string | undefined {
    return this.#systemd.problem;
  }

  async run(signal: AbortSignal): Promise<void> {
    const connection = new AbortController();
    const end = (): void => connection.abort();
    signal.addEventListener("abort", end, { once: true });
    this.#process.onDeath(end);
    await this.#process.ask("systemd.run", () => this.#systemd.run(connection.signal));
  }

  subscribe(listener: (event: UnitManagerEvent) => void): () => void {
    const unsubscribe = this.#systemd.subscribe((event) => this.#process.deliver(() => listener(event)));
    const withdraw = this.#process.onDeath(unsubscribe);
    return () => {
      withdraw();
      unsubscribe();
    };
  }

  bootId(signal: AbortSignal): Promise<string> {
    return this.#process.ask("systemd.bootId", () => this.#systemd.bootId(signal));
  }

  systemState(signal: AbortSignal): Promise<string> {
    return this.#ask("systemState", () => this.#systemd.systemState(signal));
  }

  describe(name: UnitName, signal: AbortSignal): Promise<LocalUnit> {
    return this.#ask("describe", () => this.#systemd.describe(name, signal));
  }

  describeLoaded(names: readonly UnitName[], signal: AbortSignal): Promise<ReadonlyMap<UnitName, LocalUnit>> {
    return this.#ask("describeLoaded", () => this.#systemd.describeLoaded(names, signal));
  }

  link(paths: readonly string[], signal: AbortSignal): Promise<void> {
    return this.#ask("link", () => this.#systemd.link(paths, signal));
  }

  enable(paths: readonly string[], signal: AbortSignal): Promise<void> {
    return this.#ask("enable", () => this.#systemd.enable(paths, signal));
  }

  disable(names: readonly UnitName[], signal: AbortSignal): Promise<void> {
    return this.#ask("disable", () => this.#systemd.disable(names, signal));
  }

  reload(signal: AbortSignal): Promise<void> {
    return this.#ask("reload", () => this.#systemd.reload(signal));
  }

  start(name: UnitName, signal: AbortSignal): Promise<Job> {
    return this.#ask("start", () => this.#queue("start", name, signal));
  }

  stop(name: UnitName, signal: AbortSignal): Promise<Job> {
    return this.#ask("stop", () => this.#queue("stop", name, signal));
  }

  resetFailed(name: UnitName, signal: AbortSignal): Promise<void> {
    return this.#ask("resetFailed", () => this.#systemd.resetFailed(name, signal));
  }

  async #queue(kind: "start" | "stop", name: UnitName, signal: AbortSignal): Promise<Job> {
    const { refused, ended } = this.#onCall(kind, name);
    const job = await this.#systemd[kind](name, signal).catch((error: unknown) => {
      refused();
      throw error;
    });
    const result = new Promise<string>((resolve) => {
      const hear = (word: string): void => {
        ended();
        resolve(word);
      };
      void job.result.then((word) => this.#process.deliver(() => hear(word)));
    });
    return { result };
  }

  /** Sends a call over the bus. */
  #ask<T>(member: string, effect: () => Promise<T>): Promise<T> {
    return this.#process.ask(
      `systemd.${member}`,
      () =>
        new Promise<T>((resolve, reject) => {
          this.#scheduler.after(0.1 + this.#chance.fraction(), () => {
            effect().then(resolve, reject);
          });
        }),
    );
  }
}
