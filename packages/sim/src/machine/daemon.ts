import { type Agent, createAgent, type ExclusiveCare } from "@fleet/agent";
import type { Amounts, MachineId, Metadata } from "@fleet/core";
import type {
  Clock,
  ClusterReplica,
  DocumentStore,
  Logger,
  MachineSession,
  Random,
  UnitDirectory,
  UnitManager,
  UnitRegistry,
} from "@fleet/core/ports";
import { createEngine, type EngineOptions } from "@fleet/engine";
import { runGroup, whileMember } from "@fleet/fleetd/member";
import {
  createElection,
  createLeaderRegistry,
  createMachineSession,
  createReplica,
  createUnitRegistry,
  Keys,
  type RegistryOptions,
  type Store,
  Trust,
} from "@fleet/registry";

/** What a daemon is made of. */
export interface DaemonParts {
  readonly machine: MachineId;
  readonly address: string;
  readonly metadata: Metadata;
  readonly capacity: Amounts;
  readonly exclusive: ExclusiveCare;
  /** What the guard is fed. */
  readonly onRenewed: (validUntilMs: number) => void;
  readonly instance: string;
  readonly store: Store;
  readonly unitManager: UnitManager;
  readonly unitDirectory: UnitDirectory;
  readonly runtime: DocumentStore;
  readonly disk: DocumentStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly ttlSeconds: number;
  readonly engine: EngineOptions;
}

/** fleetd, put together as `packages/fleetd` does, without what a simulation has no use for: HTTP, files and flags. */
export class Daemon {
  readonly #parts: DaemonParts;
  readonly #registry: RegistryOptions;
  readonly replica: ClusterReplica;
  /** The writes of its API server. */
  readonly units: UnitRegistry;
  session: MachineSession | undefined;
  #agent: Agent | undefined;

  constructor(parts: DaemonParts) {
    this.#parts = parts;
    const { store, clock, random, logger } = parts;
    this.#registry = { trust: new Trust(store), keys: new Keys(), clock, random, logger };
    this.replica = createReplica(this.#registry);
    this.units = createUnitRegistry(this.#registry);
  }

  /** Whether it would answer users, as the API server decides it. */
  get isServing(): boolean {
    const condition = this.session?.condition;
    return condition !== undefined && condition !== "joining";
  }

  /** Works until aborted. */
  run(signal: AbortSignal): Promise<void> {
    return runGroup(
      [
        (inner) => this.#parts.unitManager.run(inner),
        (inner) => this.replica.run(inner),
        (inner) => this.#beMember(inner),
      ],
      signal,
    );
  }

  /** Tells the cluster that the machine goes down, if systemd says so. */
  async announceLeaving(signal: AbortSignal): Promise<void> {
    await this.#agent?.announceLeaving(signal);
  }

  async #beMember(signal: AbortSignal): Promise<void> {
    const { machine, address, metadata, capacity, exclusive, instance, onRenewed } = this.#parts;
    const { unitManager, clock, logger } = this.#parts;
    const { runtime, disk, random, unitDirectory, ttlSeconds } = this.#parts;
    const session = createMachineSession({
      ...this.#registry,
      instance,
      description: {
        id: machine,
        primaryIp: address,
        apiAddresses: [],
        metadata,
        capacity,
        version: "0.0.0",
        bootId: await unitManager.bootId(signal),
      },
      ttlSeconds,
      runtime,
      disk,
      onRenewed,
    });
    const agent = createAgent({
      machine,
      publicIp: address,
      session,
      unitManager,
      unitDirectory,
      runtimeDocuments: runtime,
      stateDocuments: disk,
      writeEnvironmentFile: async () => {},
      exclusive,
      clock,
      random,
      logger,
    });
    const engine = createEngine({
      election: createElection({ ...this.#registry, machine, instance }),
      replica: this.replica,
      leaderRegistry: createLeaderRegistry(this.#registry),
      clock,
      logger,
      options: this.#parts.engine,
    });
    this.session = session;
    this.#agent = agent;
    await runGroup(
      [
        (inner) => session.run(inner),
        (inner) => agent.run(inner),
        (inner) => whileMember(session, (member) => engine.run(member), inner),
      ],
      signal,
    );
  }
}
