import { type Agent, type AgentStatus, createAgent } from "@fleet/agent";
import type { ExclusiveUnits } from "@fleet/agent/exclusive";
import { openUnitDirectory } from "@fleet/agent/systemd";
import { isFleetError, type MachineId } from "@fleet/core";
import type { Clock, ClusterReplica, Logger, MachineSession, Random, UnitManager } from "@fleet/core/ports";
import { createEngine, type Engine, type EngineCounters } from "@fleet/engine";
import {
  createElection,
  createLeaderRegistry,
  createMachineSession,
  noteDuplicate,
  type RegistryOptions,
} from "@fleet/registry";
import { machineCapacity } from "./capacity.js";
import { createDocumentStore } from "./documents.js";
import { writeEnvironmentFile } from "./environment-file.js";
import { EtcdProbe } from "./etcd-probe.js";
import { exitCode, FatalError } from "./exit-code.js";
import { runGroup } from "./group.js";
import { formatListenAddress } from "./listen-address.js";
import { type WatchedElection, watchOffice } from "./office-watch.js";
import type { Options } from "./options.js";
import { detectPublicIp } from "./public-ip.js";
import { version } from "./version.js";
import { whileMember } from "./while-member.js";

/** What a membership is made of. */
export interface MembershipParts {
  readonly id: MachineId;
  readonly options: Options;
  readonly registry: RegistryOptions;
  readonly replica: ClusterReplica;
  readonly unitManager: UnitManager;
  readonly exclusive: ExclusiveUnits;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** What a membership says of its parts, for metrics and for people who look for a fault. */
export interface MemberState {
  readonly agent: AgentStatus;
  readonly engine: EngineCounters;
  readonly isCandidate: boolean;
  /** In ms since the Unix epoch; 0 while this daemon does not lead. */
  readonly leadingSinceMs: number;
  readonly session: Pick<MachineSession, "condition" | "history" | "problem" | "registration" | "seats">;
}

/** How long a daemon that was refused tries to leave word of it. */
const noteMsMax = 2_000;

/** The hold for machines that were merely found absent, in holds for those that were seen to vanish. */
const foundHoldFactor = 5;

/**
 * This machine as a member of the cluster: session, agent and engine. It begins when systemd has told which boot this is,
 * because that is part of who joins.
 */
export class Membership {
  readonly #parts: MembershipParts;
  readonly #probe: EtcdProbe;
  #session: MachineSession | undefined;
  #agent: Agent | undefined;
  #engine: Engine | undefined;
  #election: WatchedElection | undefined;

  constructor(parts: MembershipParts) {
    this.#parts = parts;
    const { trust, keys, clock, logger } = parts.registry;
    this.#probe = new EtcdProbe({ store: trust.probe, key: keys.cluster, clock, logger });
  }

  /** Why the machine is not a member at present; `undefined` if it is one, be it a frozen one. */
  get problem(): string | undefined {
    if (this.#session === undefined) {
      const reasons = [this.#parts.unitManager.problem, this.#probe.problem].filter(
        (text) => text !== undefined,
      );
      return ["systemd cannot be reached over D-Bus yet", ...reasons].join("; ");
    }
    const { condition, problem } = this.#session;
    if (condition === "joining") return problem ?? "this machine has not joined yet";
    if (condition === "disconnected") return problem ?? "etcd cannot be reached";
    return undefined;
  }

  /** @returns `undefined` until systemd has told which boot this is. */
  get state(): MemberState | undefined {
    if (this.#session === undefined || this.#agent === undefined) return undefined;
    if (this.#engine === undefined || this.#election === undefined) return undefined;
    const { isCandidate, leadingSinceMs } = this.#election;
    return {
      agent: this.#agent.status(),
      engine: this.#engine.counters,
      isCandidate,
      leadingSinceMs,
      session: this.#session,
    };
  }

  /** What this daemon's engine has decided about units, while it leads. */
  consider(...question: Parameters<Engine["consider"]>): ReturnType<Engine["consider"]> {
    return this.#engine?.consider(...question);
  }

  /** Tells the cluster that the machine is going down, if systemd says so; to be called before `run` is aborted. */
  async announceLeaving(signal: AbortSignal): Promise<void> {
    await this.#agent?.announceLeaving(signal);
  }

  /**
   * Joins and works until aborted. Nothing is stopped and nothing is written when it ends.
   * @throws {FatalError} `duplicateMachineId`.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { id, options, registry, replica, unitManager, exclusive, clock, random, logger } = this.#parts;
    const instance = random.uuid();
    const publicIp = options.public_ip === "" ? detectPublicIp() : options.public_ip;
    const runtimeDocuments = createDocumentStore(options.runtime_directory);
    const stateDocuments = createDocumentStore(options.state_directory);
    const session = createMachineSession({
      ...registry,
      instance,
      description: {
        id,
        primaryIp: publicIp,
        apiAddresses: options.listen.map(formatListenAddress),
        metadata: options.metadata,
        capacity: machineCapacity(options.capacity),
        version,
        bootId: await this.#awaitSystemd(signal),
      },
      // etcd counts lifetimes in whole seconds.
      ttlSeconds: Math.ceil(options.agent_ttl / 1000),
      runtime: runtimeDocuments,
      disk: stateDocuments,
      onRenewed: (validUntilMs) => exclusive.renewed(validUntilMs),
    });
    const agent = createAgent({
      machine: id,
      registryName: options.etcd_key_prefix,
      publicIp,
      session,
      unitManager,
      unitDirectory: await openUnitDirectory(options.units_directory),
      runtimeDocuments,
      stateDocuments,
      writeEnvironmentFile: (text) => writeEnvironmentFile(options.environment_file, text),
      exclusive,
      clock,
      random,
      logger: logger.child({ component: "agent" }),
      offlineStartAfterMs: options.offline_start_after,
      reconcilesDrift: options.drift === "reconcile",
    });
    const election = watchOffice(createElection({ ...registry, machine: id, instance }), clock);
    const engine = createEngine({
      election,
      replica,
      leaderRegistry: createLeaderRegistry(registry),
      clock,
      logger: logger.child({ component: "engine" }),
      options: {
        machineTtlMs: options.agent_ttl,
        massLossHoldWatchedMs: options.mass_loss_hold,
        exclusiveStopMaxMs: options.exclusive_stop_max,
        reserveFromUnit: options.reserve_from_unit,
        massLossHoldFoundMs: options.mass_loss_hold * foundHoldFactor,
      },
    });
    this.#session = session;
    this.#agent = agent;
    this.#engine = engine;
    this.#election = election;
    await runGroup(
      [
        (inner) => runSession(session, () => this.#leaveWord(publicIp, inner), inner),
        (inner) => agent.run(inner),
        ...(options.disable_engine
          ? []
          : [(inner: AbortSignal) => whileMember(session, (member) => engine.run(member), inner)]),
      ],
      signal,
    );
  }

  /** Tells who lists the machines that this one was refused. What fails then is no reason to end in another way. */
  async #leaveWord(primaryIp: string, signal: AbortSignal): Promise<void> {
    const { id, options, registry, clock, logger } = this.#parts;
    const limit = new AbortController();
    const limited = AbortSignal.any([signal, limit.signal]);
    const note = noteDuplicate(
      registry,
      { id, primaryIp, apiAddresses: options.listen.map(formatListenAddress) },
      limited,
    ).catch((err: unknown) => logger.warn("cannot leave word of the refusal", { err }));
    await Promise.race([note, clock.sleep(noteMsMax, limited).catch(() => undefined)]);
    limit.abort();
    await note;
  }

  /** @returns which boot this is. If that takes long, it is told whether etcd would be there. */
  async #awaitSystemd(signal: AbortSignal): Promise<string> {
    const over = new AbortController();
    const probing = this.#probe.run(AbortSignal.any([signal, over.signal]));
    try {
      return await this.#parts.unitManager.bootId(signal);
    } finally {
      over.abort();
      await probing;
    }
  }
}

/** Turns the one refusal that a person must settle into its own exit code. */
async function runSession(
  session: MachineSession,
  refused: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  try {
    await session.run(signal);
  } catch (error) {
    if (!isFleetError(error, "already-exists")) throw error;
    await refused();
    throw new FatalError(exitCode.duplicateMachineId, error.message, { cause: error });
  }
}
