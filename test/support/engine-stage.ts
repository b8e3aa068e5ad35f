import { createEngine, type Engine, type EngineOptions } from "@fleet/engine";
import { VirtualClock } from "@fleet/registry/contract";
import { afterEach } from "vitest";
import { ClusterSketch } from "./cluster-sketch.js";
import { FakeElection, FakeLeaderRegistry, FakeReplica } from "./fake-cluster.js";
import { silentLogger } from "./silent-logger.js";

/** The lifetime of machines on a stage. */
export const ttlMs = 10_000;

/** An engine that runs on a sketched cluster, in virtual time. */
export interface EngineStage {
  readonly cluster: ClusterSketch;
  readonly replica: FakeReplica;
  readonly registry: FakeLeaderRegistry;
  readonly election: FakeElection;
  readonly clock: VirtualClock;
  readonly engine: Engine;
  /** Aborted when the stage closes: what is unanswered then has to be answered, or the engine never ends. */
  readonly ending: AbortSignal;
  elect(): Promise<void>;
  /** Changes the cluster, and lets the replica see it. */
  happen(change: () => void): Promise<void>;
  close(): Promise<void>;
}

/** Opens stages whose engine nobody has elected yet, with machines and units as {@link ClusterSketch} reads them. */
export type OpenStage = (machines: string, units: string, options?: Partial<EngineOptions>) => EngineStage;

/** To be called once in a file of tests: what the tests open is closed after each. */
export function useEngineStages(): OpenStage {
  let stages: EngineStage[] = [];
  afterEach(async () => {
    for (const { close } of stages) await close();
    stages = [];
  });
  return (...args) => {
    const stage = openStage(...args);
    stages.push(stage);
    return stage;
  };
}

function openStage(machines: string, units: string, options: Partial<EngineOptions> = {}): EngineStage {
  const cluster = new ClusterSketch().addMachines(machines).addUnits(units);
  const replica = new FakeReplica(cluster);
  const registry = new FakeLeaderRegistry(cluster, replica);
  const election = new FakeElection();
  const clock = new VirtualClock();
  const stop = new AbortController();
  const engine = createEngine({
    election,
    replica,
    leaderRegistry: registry,
    clock,
    logger: silentLogger,
    options: { machineTtlMs: ttlMs, ...options },
  });
  const ended = engine.run(stop.signal);
  const elect = async () => {
    await clock.settle();
    election.elect(cluster.view.revision);
    await clock.settle();
  };
  const happen = async (change: () => void) => {
    change();
    replica.step();
    await clock.settle();
  };
  const close = async () => {
    stop.abort();
    await clock.settle();
    await ended;
  };
  return { cluster, replica, registry, election, clock, engine, ending: stop.signal, elect, happen, close };
}
