import {
  type MachineId,
  parseMachineId,
  parseUnitName,
  type UnitContent,
  type UnitName,
  unitContentFromText,
} from "@fleet/core";
import type { LeaderRegistry, Leadership, UnitRegistry } from "@fleet/core/ports";
import { createElection } from "../election.js";
import { Keys } from "../keys.js";
import { createLeaderRegistry } from "../leader-registry.js";
import type { RegistryOptions } from "../registry-options.js";
import type { Store } from "../store.js";
import { Trust } from "../trust.js";
import { createUnitRegistry } from "../unit-registry.js";
import type { StoreHarness, TestLine } from "./harness.js";
import { LateStore } from "./late-store.js";
import { silentLogger } from "./silent-logger.js";
import { never } from "./store-words.js";

/** What one process has of the registry, with a line of its own. */
export interface TestDaemon {
  readonly machine: MachineId;
  readonly line: TestLine;
  readonly options: RegistryOptions;
  readonly units: UnitRegistry;
  readonly leaderWrites: LeaderRegistry;
}

/** Makes a process. */
export async function makeDaemon(harness: StoreHarness, name = "m1"): Promise<TestDaemon> {
  const line = await harness.line();
  const options: RegistryOptions = {
    trust: new Trust(line.store),
    keys: new Keys(),
    clock: harness.clock,
    random: harness.random,
    logger: silentLogger,
  };
  return {
    machine: machineId(name),
    line,
    options,
    units: createUnitRegistry(options),
    leaderWrites: createLeaderRegistry(options),
  };
}

/** Makes a process whose writes can be late. */
export async function makeLateDaemon(
  harness: StoreHarness,
  name = "m1",
): Promise<TestDaemon & { readonly late: LateStore }> {
  const line = await harness.line();
  const late = new LateStore(line.store);
  const daemon = await makeDaemon({ ...harness, line: async () => ({ ...line, store: late }) }, name);
  return { ...daemon, late };
}

/** A machine id that can be told apart by its name. */
export function machineId(name: string): MachineId {
  return parseMachineId(`${name}${"0".repeat(32 - name.length)}`);
}

/** A valid unit name. */
export function unitName(name: string): UnitName {
  return parseUnitName(name);
}

/** Content that differs by its marker. */
export function content(marker = "x"): UnitContent {
  return unitContentFromText(`# ${marker}\n[Service]\nExecStart=/bin/echo ${marker}\n`);
}

/** A daemon in office. */
export interface TestTerm {
  readonly leadership: Leadership;
  /** Gives the office up and ends the election. */
  stop(): Promise<void>;
}

/** Elects a daemon and waits until it leads. */
export async function elect(
  harness: StoreHarness,
  daemon: TestDaemon,
  instance = `${daemon.machine}-process`,
): Promise<TestTerm> {
  const stop = new AbortController();
  const election = createElection({
    ...daemon.options,
    machine: daemon.machine,
    instance,
    leaderTtlSeconds: 3,
  });
  const terms: Leadership[] = [];
  const running = election.run(async (leadership) => {
    terms.push(leadership);
    await untilAborted(leadership.signal);
  }, stop.signal);
  await harness.until("a leader", () => terms.length > 0);
  return {
    leadership: terms[0] as Leadership,
    stop: async () => {
      stop.abort();
      await running;
    },
  };
}

/** Resolves when the signal is aborted. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** Reads what stands under a key, as JSON. */
export async function readJson(store: Store, key: string): Promise<Record<string, unknown> | undefined> {
  const { items } = await store.range({ key }, never);
  return items[0] === undefined ? undefined : (JSON.parse(items[0].value) as Record<string, unknown>);
}
