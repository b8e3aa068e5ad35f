import { until } from "@fleet/lab";
import type { FleetCluster } from "./fleet-cluster.js";
import type { Screen } from "./screen.js";

/** What losing a machine cost. */
export interface LossReport {
  /** Units that ran on the machine and had to move, and where each runs now. */
  readonly moved: ReadonlyMap<string, readonly string[]>;
  /** Units that have no other place now, and why, in the engine's words. */
  readonly homeless: ReadonlyMap<string, string>;
  /** Global units: they stay with their machine. */
  readonly globals: readonly string[];
  /** From the cut until the last moved unit had processes elsewhere. */
  readonly durationMs: number;
}

/** What `loseMachine` may be given. */
export interface LossOptions {
  /** Told what ran on the machine, right after the cut. */
  readonly onCut?: (units: readonly string[]) => void;
  readonly signal?: AbortSignal | undefined;
}

const failoverTimeoutMs = 120_000;
/** The engine is asked why a unit has no place less often than the kernel is asked where it runs. */
const askEveryMs = 500;

interface UnitOfFleet {
  readonly name: string;
  readonly isGlobal: boolean;
  readonly isLaunched: boolean;
}

/** Asks until the cluster answers: right after an outage of etcd it may not yet. */
async function unitsOfFleet(
  cluster: FleetCluster,
  signal: AbortSignal | undefined,
): Promise<readonly UnitOfFleet[]> {
  let stdout = "";
  await until("fleet to list its units", { signal, timeoutMs: failoverTimeoutMs, everyMs: 100 }, async () => {
    const listed = await cluster.fleetctl(["list-unit-files", "--no-legend", "--fields=unit,global,dstate"]);
    stdout = listed.stdout;
    return listed.status === 0;
  });
  return stdout
    .split("\n")
    .map((line) => line.split(/\t+/))
    .flatMap(([name = "", global, desired]) =>
      name === "" ? [] : [{ name, isGlobal: global === "true", isLaunched: desired === "launched" }],
    );
}

/**
 * Cuts a machine's power and waits until every unit that ran there runs elsewhere, by the kernel's account, or is said
 * by the engine to have no other place.
 * @throws {LabError} `timeout` if neither comes to pass.
 */
export async function loseMachine(
  cluster: FleetCluster,
  name: string,
  { onCut, signal }: LossOptions = {},
): Promise<LossReport> {
  const running = await cluster.lab.unitsRunning(name);
  const units = (await unitsOfFleet(cluster, signal)).filter((unit) => running.has(unit.name));
  const movable = units.filter((unit) => !unit.isGlobal && unit.isLaunched).map((unit) => unit.name);
  const startedMs = performance.now();
  await cluster.lab.killMachine(name, { signal });
  onCut?.(units.map((unit) => unit.name));
  const moved = new Map<string, readonly string[]>();
  const homeless = new Map<string, string>();
  let askedMs = startedMs;
  let durationMs = 0;
  await until(
    `the units of ${name} to run elsewhere (${movable.join(", ")})`,
    { signal, timeoutMs: failoverTimeoutMs, everyMs: 20 },
    async () => {
      for (const unit of movable) {
        const places = moved.has(unit) ? [] : await cluster.placesOf(unit);
        if (places.length === 0) continue;
        moved.set(unit, places);
        homeless.delete(unit);
        durationMs = performance.now() - startedMs;
      }
      if (performance.now() - askedMs > askEveryMs) {
        askedMs = performance.now();
        for (const unit of movable) {
          const problem = moved.has(unit) ? undefined : await cluster.placementProblem(unit, signal);
          if (problem !== undefined) homeless.set(unit, problem);
        }
      }
      return moved.size + homeless.size === movable.length;
    },
  );
  const globals = units.filter((unit) => unit.isGlobal).map((unit) => unit.name);
  return { moved, homeless, globals, durationMs };
}

/** Cuts a machine's power in front of the reader. */
export async function playLoss(
  screen: Screen,
  cluster: FleetCluster,
  name: string,
  signal: AbortSignal,
): Promise<LossReport> {
  screen.say(`\n# cutting the power of ${name}: its systemd, its fleetd and all its units are killed`);
  const report = await loseMachine(cluster, name, {
    signal,
    onCut: (units) => screen.step(`${name} is dead; it ran ${units.join(", ") || "no units"}`),
  });
  for (const [unit, places] of report.moved) screen.step(`${unit} runs on ${places.join(", ")}`);
  for (const [unit, problem] of report.homeless) screen.step(`${unit} waits: ${problem}`);
  for (const unit of report.globals) {
    screen.say(`          ${unit} is global: it runs on every other machine anyway`);
  }
  if (report.moved.size > 0) {
    const seconds = (report.durationMs / 1000).toFixed(1);
    screen.step(`all that can run elsewhere does, ${seconds} s after the power was cut`);
    await cluster.waitForListedActive([...report.moved.keys()], signal);
  }
  return report;
}

/** Switches a machine on again in front of the reader, and waits until it has joined and runs the global units. */
export async function playRevival(
  screen: Screen,
  cluster: FleetCluster,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  const present = (await cluster.fleetctl(["list-machines", "--no-legend"])).stdout
    .split("\n")
    .filter(Boolean);
  await cluster.lab.reviveMachine(name, { signal });
  screen.step(`${name} has booted`);
  await cluster.waitForMachines(present.length + 1, signal);
  screen.step(`${name} has joined`);
  const globals = (await unitsOfFleet(cluster, signal)).filter((unit) => unit.isGlobal && unit.isLaunched);
  for (const unit of globals) {
    await cluster.waitForPlaces(unit.name, (places) => places.includes(name), { signal });
    screen.step(`${unit.name} runs on ${name}`);
  }
  const expected = new Set([...globals.map((unit) => unit.name), "fleetd.service"]);
  const others = [...(await cluster.lab.unitsRunning(name)).keys()].filter((unit) => !expected.has(unit));
  screen.step(`other units on ${name}: ${others.join(", ") || "none; nothing was moved back"}`);
  if (globals.length > 0) {
    await cluster.waitForListedActive(
      globals.map((unit) => unit.name),
      signal,
    );
  }
}
