import { FleetError, parseMachineId, type Seat, type UnitName, type UnitStateContent } from "@fleet/core";
import type { DocumentStore, MachineSession } from "@fleet/core/ports";
import { encodeSeat } from "../codec.js";
import { createMachineSession } from "../session/machine-session.js";
import { content, machineId, makeDaemon, type TestDaemon } from "./daemon.js";
import type { StoreHarness } from "./harness.js";
import { never, put, write } from "./store-words.js";

/** Documents that live as long as the test says: a disk, or a runtime directory. */
export class TestDocuments implements DocumentStore {
  readonly #documents = new Map<string, string>();
  /** Nothing can be written. */
  isFull = false;

  async read(name: string): Promise<unknown> {
    const text = this.#documents.get(name);
    return text === undefined ? undefined : JSON.parse(text);
  }

  async write(name: string, document: unknown): Promise<void> {
    if (this.isFull) throw new FleetError("unavailable", `cannot write ${name}: the disk is full`);
    this.#documents.set(name, JSON.stringify(document));
  }

  async remove(name: string): Promise<void> {
    this.#documents.delete(name);
  }
}

/** A process of fleetd on a machine. */
export interface TestProcess {
  readonly daemon: TestDaemon;
  readonly session: MachineSession;
  /** How its session ended: `running`, `ended`, or the error. */
  readonly ending: () => unknown;
  /** Ends it as a signal does: nothing is cleaned up. */
  stop(): Promise<void>;
}

/** What is special about a process. */
export interface StartOptions {
  readonly id?: string;
  readonly ip?: string;
  readonly ttlSeconds?: number;
}

/** A machine, which can have several processes of fleetd in turn, and boots. */
export class TestMachine {
  readonly #harness: StoreHarness;
  readonly name: string;
  readonly disk = new TestDocuments();
  runtime = new TestDocuments();
  #boots = 0;
  #processes = 0;
  bootId: string;

  constructor(harness: StoreHarness, name: string) {
    this.#harness = harness;
    this.name = name;
    this.bootId = `${name}-boot-0`;
  }

  get id() {
    return machineId(this.name);
  }

  /** Another boot: the runtime directory is empty. */
  reboot(): void {
    this.#boots += 1;
    this.bootId = `${this.name}-boot-${this.#boots}`;
    this.runtime = new TestDocuments();
  }

  /** Starts fleetd. */
  async start(options: StartOptions = {}): Promise<TestProcess> {
    this.#processes += 1;
    const daemon = await makeDaemon(this.#harness, this.name);
    const stop = new AbortController();
    const session = createMachineSession({
      ...daemon.options,
      instance: `${this.name}-process-${this.#processes}`,
      ttlSeconds: options.ttlSeconds ?? 3,
      runtime: this.runtime,
      disk: this.disk,
      description: {
        id: parseMachineId(options.id ?? this.id),
        primaryIp: options.ip ?? "127.0.0.11",
        apiAddresses: ["http://127.0.0.11:49153"],
        metadata: { disk: "hdd" },
        version: "1.0.0",
        bootId: this.bootId,
      },
    });
    let ending: unknown = "running";
    const running = session.run(stop.signal).then(
      () => {
        ending = "ended";
      },
      (error: unknown) => {
        ending = error;
      },
    );
    return {
      daemon,
      session,
      ending: () => ending,
      stop: async () => {
        stop.abort();
        await running;
      },
    };
  }
}

/** Puts a seat as the leader would. @returns its revision. */
export async function putSeat(
  harness: StoreHarness,
  daemon: TestDaemon,
  unit: UnitName,
  target: Seat["target"] = "launched",
  term = { n: 1, uuid: "term-1" },
): Promise<number> {
  const { contentId, hash } = content();
  const value = encodeSeat({
    machine: daemon.machine,
    unit,
    contentId,
    hash,
    target,
    startCount: 1,
    term,
    reason: "test",
  });
  return await write(harness.store, put(daemon.options.keys.seat(daemon.machine, unit), value));
}

/** A state that says that a unit is loaded. */
export function loadedState(unit: UnitName, daemon: TestDaemon): UnitStateContent {
  return {
    machine: daemon.machine,
    unit,
    condition: "loaded",
    loadState: "loaded",
    activeState: "active",
    subState: "running",
    contentId: content().contentId,
    hash: content().hash,
    sinceMs: 1,
  };
}

/** The presence of a machine as it stands in etcd, and its lease. */
export async function presenceOf(harness: StoreHarness, daemon: TestDaemon) {
  const { items } = await harness.store.range({ key: daemon.options.keys.presence(daemon.machine) }, never);
  const item = items[0];
  if (item === undefined) return undefined;
  const value = JSON.parse(item.value) as {
    instance: string;
    state: string;
    bootId: string;
    reason?: string;
  };
  return { ...value, leaseId: item.leaseId, createRevision: item.createRevision, version: item.version };
}
