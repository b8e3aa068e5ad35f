import { setTimeout as pause } from "node:timers/promises";
import type { ClusterReplica } from "@fleet/core/ports";
import { createEngine, type EngineCounters } from "@fleet/engine";
import {
  createElection,
  createLeaderRegistry,
  createReplica,
  Keys,
  type Store,
  Trust,
} from "@fleet/registry";
import { clock, random, silentLogger } from "./real-ports.js";
import { machineId } from "./seed.js";

/** A daemon that leads and does nothing else: the real replica, election, engine and writes. */
export interface Leader {
  readonly replica: ClusterReplica;
  readonly counters: EngineCounters;
  /** Resolves when the engine has been elected. */
  elected(): Promise<void>;
  stop(): Promise<void>;
}

/** Opens a replica first; then campaigns. @param store - What all of it goes through. */
export async function startLeader(store: Store): Promise<Leader> {
  const options = { trust: new Trust(store), keys: new Keys(), clock, random, logger: silentLogger };
  const replica = createReplica(options);
  const closing = new AbortController();
  const following = replica.run(closing.signal);
  const release = replica.hold();
  await replica.waitFor(1, closing.signal);
  const election = createElection({
    ...options,
    machine: machineId(0),
    instance: "bench",
    leaderTtlSeconds: 30,
  });
  const engine = createEngine({
    election,
    replica,
    leaderRegistry: createLeaderRegistry(options),
    clock,
    logger: silentLogger,
    options: { machineTtlMs: 10_000 },
  });
  const leading = engine.run(closing.signal);
  return {
    replica,
    counters: engine.counters,
    async elected() {
      while (engine.counters.terms === 0) await pause(1);
    },
    async stop() {
      release();
      closing.abort();
      await Promise.all([following, leading]);
    },
  };
}
