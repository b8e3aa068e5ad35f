import {
  type Generation,
  type MachineId,
  parseMachineId,
  type Seat,
  type UnitName,
  type UnitStateContent,
} from "@fleet/core";
import type { ClusterReplica, DocumentStore, MachineSession, UnitRegistry } from "@fleet/core/ports";
import { createEngine, type Engine, type EngineOptions } from "@fleet/engine";
import {
  createElection,
  createLeaderRegistry,
  createMachineSession,
  createReplica,
  createUnitRegistry,
  Keys,
  Trust,
} from "@fleet/registry";
import { type StoreHarness, silentLogger, type TestLine } from "@fleet/registry/contract";

/** A machine's daemon over a test's registry: everything but systemd, which does at once what it is told. */
export interface FleetNode {
  readonly id: MachineId;
  readonly line: TestLine;
  readonly session: MachineSession;
  readonly replica: ClusterReplica;
  readonly units: UnitRegistry;
  readonly engine: Engine;
  readonly isLeader: boolean;
  /** Ends the process, as a signal does. Its lease runs out by itself. */
  stop(): Promise<void>;
}

/** How long a machine that does not answer counts as present. */
export const nodeTtlSeconds = 6;

/** Starts a daemon. */
export async function startNode(
  harness: StoreHarness,
  name: string,
  metadata: Readonly<Record<string, string>> = {},
  engineOptions: Partial<EngineOptions> = {},
): Promise<FleetNode> {
  const line = await harness.line();
  const { clock, random } = harness;
  const options = { trust: new Trust(line.store), keys: new Keys(), clock, random, logger: silentLogger };
  const id = parseMachineId(`${name}${"0".repeat(32 - name.length)}`);
  const instance = `process-of-${name}`;
  const session = createMachineSession({
    ...options,
    instance,
    ttlSeconds: nodeTtlSeconds,
    runtime: new Documents(),
    disk: new Documents(),
    description: {
      id,
      primaryIp: "",
      apiAddresses: [],
      metadata,
      version: "test",
      bootId: `boot-of-${name}`,
    },
  });
  const replica = createReplica(options);
  const election = createElection({ ...options, machine: id, instance, leaderTtlSeconds: 3 });
  const engine = createEngine({
    election,
    replica,
    leaderRegistry: createLeaderRegistry(options),
    clock,
    logger: silentLogger,
    options: { machineTtlMs: nodeTtlSeconds * 1000, ...engineOptions },
  });
  const stop = new AbortController();
  const activities = [
    session.run(stop.signal),
    replica.run(stop.signal),
    engine.run(stop.signal),
    runObedientAgent(session, id, stop.signal),
  ];
  return {
    id,
    line,
    session,
    replica,
    units: createUnitRegistry(options),
    engine,
    get isLeader() {
      return election.isLeader;
    },
    stop: async () => {
      stop.abort();
      await Promise.all(activities);
    },
  };
}

/** An agent whose systemd does everything at once. It publishes what its seats ask for. */
async function runObedientAgent(
  session: MachineSession,
  machine: MachineId,
  signal: AbortSignal,
): Promise<void> {
  const published = new Map<UnitName, string>();
  let wake = (): void => {};
  let registration = session.registration;
  const unsubscribe = session.subscribe(() => wake());
  signal.addEventListener("abort", () => wake(), { once: true });
  while (!signal.aborted) {
    const changed = new Promise<void>((resolve) => {
      wake = resolve;
    });
    if (registration !== session.registration) published.clear();
    registration = session.registration;
    if (session.condition === "joined") await publishAll(session, machine, published, signal);
    if (!signal.aborted) await changed;
  }
  unsubscribe();
}

async function publishAll(
  session: MachineSession,
  machine: MachineId,
  published: Map<UnitName, string>,
  signal: AbortSignal,
): Promise<void> {
  const states: UnitStateContent[] = [];
  for (const [unit, seat] of session.seats) {
    const seated = seat.target !== "absent";
    const state: UnitStateContent = {
      machine,
      unit,
      condition: seated ? "loaded" : "unloaded",
      loadState: seated ? "loaded" : "not-found",
      activeState: seat.target === "launched" ? "active" : "inactive",
      subState: seat.target === "launched" ? "running" : "dead",
      contentId: seat.contentId,
      hash: seat.hash,
      sinceMs: 0,
      ...(seat.target === "launched" ? { started: startedBy(seat) } : {}),
      ...(seat.target === "absent" ? { acked: seat.modRevision } : {}),
    };
    if (published.get(unit) !== JSON.stringify(state)) states.push(state);
  }
  const removals = [...published.keys()].filter((unit) => !session.seats.has(unit));
  if (states.length === 0 && removals.length === 0) return;
  const outcome = await session.publish(states, removals, signal).catch(() => undefined);
  if (outcome?.kind !== "published") return;
  for (const state of states) published.set(state.unit, JSON.stringify(state));
  for (const unit of removals) published.delete(unit);
}

function startedBy({ contentId, createRevision, machine, startCount }: Seat): Generation {
  return { bootId: `boot-of-${machine}`, seatRevision: createRevision, contentId, startCount };
}

class Documents implements DocumentStore {
  readonly #documents = new Map<string, string>();

  async read(name: string): Promise<unknown> {
    const text = this.#documents.get(name);
    return text === undefined ? undefined : JSON.parse(text);
  }

  async write(name: string, document: unknown): Promise<void> {
    this.#documents.set(name, JSON.stringify(document));
  }

  async remove(name: string): Promise<void> {
    this.#documents.delete(name);
  }
}
