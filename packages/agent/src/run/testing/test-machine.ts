import { parseMachineId, parseUnitName, type UnitName } from "@fleet/core";
import type { Logger } from "@fleet/core/ports";
import { MemoryUnitDirectory } from "../../systemd/memory/memory-unit-directory.js";
import { MemoryUnitManager } from "../../systemd/memory/memory-unit-manager.js";
import { type Agent, createAgent } from "../agent.js";
import type { ExclusiveCare } from "../exclusive-care.js";
import { FakeSession } from "./fake-session.js";
import { MemoryDocuments } from "./memory-documents.js";
import { VirtualClock } from "./virtual-clock.js";

/** Takes a name in, for tests. */
export const unit = (name: string): UnitName => parseUnitName(name);

/** A service that runs until it is stopped, distinguishable by a word. */
export const service = (word = "one", more = ""): string =>
  `[Service]\nExecStart=/bin/sleep 1000\nEnvironment=WORD=${word}\n${more}`;

/** A machine with a twin of systemd, a part of a registry, and an agent that can be restarted. */
export class TestMachine {
  readonly clock = new VirtualClock();
  readonly session = new FakeSession(parseMachineId("m1"));
  readonly directory = new MemoryUnitDirectory();
  readonly systemd = new MemoryUnitManager(this.directory);
  readonly runtimeDocuments = new MemoryDocuments();
  readonly stateDocuments = new MemoryDocuments();
  readonly environment: string[] = [];
  exclusive: ExclusiveCare | undefined;
  registryName = "/fleet/";
  reconcilesDrift = false;
  /** What stands between the agent and its ports. */
  through: <T extends object>(port: T) => T = (port) => port;
  readonly log: string[] = [];
  #stop = new AbortController();
  #running: Promise<unknown> = Promise.resolve();
  agent: Agent | undefined;

  /** Starts an agent, and waits until it has nothing left to do. */
  async begin(): Promise<this> {
    this.#stop = new AbortController();
    this.agent = createAgent({
      machine: this.session.machine,
      registryName: this.registryName,
      reconcilesDrift: this.reconcilesDrift,
      publicIp: "192.0.2.1",
      session: this.through(this.session),
      ...(this.exclusive === undefined ? {} : { exclusive: this.exclusive }),
      unitManager: this.through(this.systemd),
      unitDirectory: this.through(this.directory),
      runtimeDocuments: this.through(this.runtimeDocuments),
      stateDocuments: this.through(this.stateDocuments),
      writeEnvironmentFile: async (text) => {
        this.environment.push(text);
      },
      clock: this.clock,
      random: { uuid: () => "uuid", fraction: () => 0.5 },
      logger: this.#logger(),
    });
    this.#running = Promise.all([this.systemd.run(this.#stop.signal), this.agent.run(this.#stop.signal)]);
    await this.clock.settle();
    return this;
  }

  /** Ends the agent as SIGTERM would. */
  async end(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  /** Ends the agent where it stands, calls without answers included. */
  async kill(): Promise<void> {
    this.#stop.abort();
    await this.clock.settle();
  }

  /** The machine boots: what it keeps in memory is gone. To be called between `kill` and `begin`. */
  boot(): void {
    this.directory.clear();
    this.runtimeDocuments.documents.clear();
    this.systemd.reboot();
    this.systemd.calls.length = 0;
  }

  /** Changes a document on the disk. */
  edit(name: string, change: (document: Record<string, unknown>) => Record<string, unknown>): void {
    const text = this.stateDocuments.documents.get(name) ?? "{}";
    this.stateDocuments.documents.set(name, JSON.stringify(change(JSON.parse(text))));
  }

  /** Lets what has been asked for happen, rate limits included. */
  async settle(): Promise<void> {
    await this.clock.advance(2_000);
  }

  /** What systemd has of a unit. */
  async local(name: UnitName): Promise<string> {
    const described = await this.systemd.describeLoaded([name], new AbortController().signal);
    const found = described.get(name);
    return found === undefined ? "gone" : `${found.activeState}/${found.subState}`;
  }

  async invocation(name: UnitName): Promise<string | undefined> {
    const described = await this.systemd.describeLoaded([name], new AbortController().signal);
    return described.get(name)?.invocationId;
  }

  /** How often systemd was asked for something of this kind since the last time. */
  takeCalls(member: string): readonly string[] {
    const calls = this.systemd.calls.filter((call) => call.member === member).flatMap((call) => call.units);
    this.systemd.calls.length = 0;
    return calls;
  }

  #logger(): Logger {
    const line = (level: string) => (message: string, fields?: unknown) => {
      this.log.push(`${level} ${message} ${JSON.stringify(fields)}`);
    };
    const logger: Logger = {
      error: line("error"),
      warn: line("warn"),
      info: line("info"),
      debug: line("debug"),
      child: () => logger,
    };
    return logger;
  }
}
