import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import type { StatusV2 } from "@fleet/client";
import { FleetCluster, type FleetClusterOptions } from "@fleet/demo";
import { openLab } from "@fleet/lab";
import { afterAll, beforeAll, expect } from "vitest";

/** The checkout under test. */
export const checkout = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Options of a cluster for tests; the checkout is known. */
export type TestClusterOptions = Omit<FleetClusterOptions, "checkout" | "signal" | "progress">;

/**
 * A cluster for the tests of one file: booted before the first, gone after the last, also when they fail.
 * @param name - Of the lab: another one for each file.
 * @returns the cluster, for use inside tests.
 */
export function useCluster(name: string, options: TestClusterOptions): () => FleetCluster {
  let cluster: FleetCluster | undefined;
  let stop: () => Promise<void> = async () => undefined;
  beforeAll(async () => {
    if (!existsSync(`${checkout}/packages/fleetd/dist/fleetd.mjs`)) {
      throw new Error("there are no bundles to test: npm run build");
    }
    const lab = await openLab({ name });
    stop = () => lab.stop();
    cluster = await FleetCluster.start(lab, { checkout, ...options });
  });
  afterAll(async () => await stop());
  return () => {
    if (cluster === undefined) throw new Error("the cluster did not start");
    return cluster;
  };
}

/** Runs fleetctl and expects it to succeed. @returns what it printed on stdout. */
export async function fleetctl(cluster: FleetCluster, ...args: readonly string[]): Promise<string> {
  const result = await cluster.fleetctl(args);
  expect(result.status, `fleetctl ${args.join(" ")}\n${result.stderr}`).toBe(0);
  return result.stdout;
}

/** The rows of a table that fleetctl printed without a legend, as cells. */
export function rows(table: string): readonly (readonly string[])[] {
  return table
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.split(/\t+/));
}

/** `<machine>/<unit>` to InvocationID, for all of fleet's units that run anywhere: another id after every start. */
export async function invocations(
  cluster: FleetCluster,
  machines: readonly string[] = cluster.machines.map((machine) => machine.name),
): Promise<Readonly<Record<string, string>>> {
  const ids: Record<string, string> = {};
  for (const machine of machines) {
    for (const [unit, id] of await cluster.lab.invocationIds(machine)) {
      const running = (await cluster.lab.unitsRunning(machine, unit)).size > 0;
      const isOwn = /^(fleetd|fleet-guard)\.service$/.test(unit) || unit.startsWith("dbus");
      if (!isOwn && running) ids[`${machine}/${unit}`] = id;
    }
  }
  return ids;
}

/** What a machine's API says of itself (`/fleet/v2/status`), or `undefined` if it does not answer. */
export async function apiStatus(cluster: FleetCluster, machine: string): Promise<StatusV2 | undefined> {
  const index = cluster.machines.findIndex(({ name }) => name === machine);
  const endpoint = cluster.endpoint.split(",")[index];
  try {
    return (await (await fetch(`${endpoint}/fleet/v2/status`)).json()) as StatusV2;
  } catch {
    return undefined;
  }
}
