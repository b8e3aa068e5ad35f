import { join } from "node:path";
import { type Agent, createAgent } from "@fleet/agent";
import { createUnitManager, openUnitDirectory } from "@fleet/agent/systemd";
import { parseMachineId, type UnitName } from "@fleet/core";
import type { LocalUnit, UnitDirectory, UnitManager } from "@fleet/core/ports";
import { FakeSession } from "../../packages/agent/src/run/testing/fake-session.js";
import { MemoryDocuments } from "../../packages/agent/src/run/testing/memory-documents.js";
import { silentLogger } from "./silent-logger.js";
import { systemClock } from "./system-clock.js";
import type { UserManager } from "./user-manager.js";

/** An agent on a real systemd, with a part of a registry in memory. */
export class AgentMachine {
  readonly session = new FakeSession(parseMachineId("m1"));
  readonly runtimeDocuments = new MemoryDocuments();
  readonly stateDocuments = new MemoryDocuments();
  readonly unitManager: UnitManager;
  readonly unitDirectory: UnitDirectory;
  agent: Agent;
  reconcilesDrift = false;
  #stop = new AbortController();
  #running: Promise<unknown> = Promise.resolve();

  private constructor(unitManager: UnitManager, unitDirectory: UnitDirectory) {
    this.unitManager = unitManager;
    this.unitDirectory = unitDirectory;
    this.agent = this.#createAgent();
  }

  static async on(machine: UserManager, callTimeoutMs = 15_000): Promise<AgentMachine> {
    const unitManager = createUnitManager({
      address: { kind: "private", path: machine.privateSocket },
      clock: systemClock,
      logger: silentLogger,
      callTimeoutMs,
    });
    const unitDirectory = await openUnitDirectory(join(machine.directory, "fleet/units"));
    return new AgentMachine(unitManager, unitDirectory);
  }

  /** Starts a new agent with what the last one left behind. */
  begin(): void {
    this.agent = this.#createAgent();
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    this.#running = Promise.all([this.unitManager.run(signal), this.agent.run(signal)]);
  }

  /** Ends the agent as SIGTERM would. */
  async end(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  describe(unit: UnitName): Promise<LocalUnit> {
    return this.unitManager.describe(unit, new AbortController().signal);
  }

  #createAgent(): Agent {
    return createAgent({
      machine: this.session.machine,
      publicIp: "",
      session: this.session,
      unitManager: this.unitManager,
      unitDirectory: this.unitDirectory,
      runtimeDocuments: this.runtimeDocuments,
      stateDocuments: this.stateDocuments,
      writeEnvironmentFile: async () => {},
      clock: systemClock,
      random: { uuid: () => "uuid", fraction: () => 0.5 },
      logger: silentLogger,
      reconcilesDrift: this.reconcilesDrift,
    });
  }
}
