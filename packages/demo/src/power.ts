import { until } from "@fleet/lab";
import type { FleetCluster } from "./fleet-cluster.js";
import type { Screen } from "./screen.js";

/** What losing a machine cost. */
export interface LossReport {
  /** Units that ran on the machine and had to move, and where each runs now. */
  readonly moved: ReadonlyMap<string, readonly string[]>;
  /** Units that stay with their machine: global ones. */
  readonly stayed: readonly string[];
  /** From the cut until the last moved unit had processes elsewhere. */
  readonly durationMs: number;
}

const failoverTimeoutMs = 120_000;

/** The units with processes on a machine, without fleetd itself. */
async function unitsOn(cluster: FleetCluster, machine: string): Promise<readonly string[]> {
  const running = [...(await cluster.lab.unitsRunning(machine)).keys()];
  const ours = (await cluster.fleetctl(["list-unit-files", "--no-legend", "--fields=unit"])).stdout.split(
    "\n",
  );
  return running.filter((unit) => ours.includes(unit));
}

/**
 * Cuts a machine's power and waits until every unit that may run elsewhere does, by the kernel's account.
 * @throws {Error} if the machine is unknown or off; LabError `timeout` if the units do not come back.
 */
export async function loseMachine(
  cluster: FleetCluster,
  name: string,
  onCut: (units: readonly string[]) => void = () => undefined,
): Promise<LossReport> {
  const units = await unitsOn(cluster, name);
  const stayed: string[] = [];
  const movable: string[] = [];
  for (const unit of units) {
    ((await cluster.placesOf(unit)).length > 1 ? stayed : movable).push(unit);
  }
  const startedMs = performance.now();
  await cluster.lab.killMachine(name);
  onCut(units);
  const moved = new Map<string, readonly string[]>();
  await until(
    `the units of ${name} to run elsewhere`,
    { timeoutMs: failoverTimeoutMs, everyMs: 20 },
    async () => {
      for (const unit of movable) {
        const places = await cluster.placesOf(unit);
        if (places.length > 0) moved.set(unit, places);
      }
      return moved.size === movable.length;
    },
  );
  return { moved, stayed, durationMs: performance.now() - startedMs };
}

/** Cuts a machine's power in front of the reader. */
export async function playLoss(screen: Screen, cluster: FleetCluster, name: string): Promise<LossReport> {
  screen.say(`\n# cutting the power of ${name}: its systemd, its fleetd and all its units are killed`);
  const report = await loseMachine(cluster, name, (units) => {
    screen.step(`${name} is dead; it ran ${units.join(", ") || "no units"}`);
  });
  for (const [unit, places] of report.moved) screen.step(`${unit} runs on ${places.join(", ")}`);
  for (const unit of report.stayed) screen.say(`          ${unit} is global: it runs on the others anyway`);
  screen.step(`everything runs again, ${(report.durationMs / 1000).toFixed(1)} s after the power was cut`);
  return report;
}

/** Switches a machine on again in front of the reader, and waits until it has joined and runs the global units. */
export async function playRevival(screen: Screen, cluster: FleetCluster, name: string): Promise<void> {
  const present = (await cluster.fleetctl(["list-machines", "--no-legend"])).stdout
    .split("\n")
    .filter(Boolean);
  await cluster.lab.reviveMachine(name);
  screen.step(`${name} has booted`);
  await cluster.waitForMachines(present.length + 1);
  screen.step(`${name} has joined`);
  const files = await cluster.fleetctl(["list-unit-files", "--no-legend", "--fields=unit,global,dstate"]);
  const globals = files.stdout
    .split("\n")
    .map((line) => line.split(/\t+/))
    .filter(([, global, desired]) => global === "true" && desired === "launched")
    .flatMap(([unit]) => (unit === undefined ? [] : [unit]));
  for (const unit of globals) {
    await cluster.waitForPlaces(unit, (places) => places.includes(name));
    screen.step(`${unit} runs on ${name}`);
  }
  const others = (await unitsOn(cluster, name)).filter((unit) => !globals.includes(unit));
  screen.step(`other units on ${name}: ${others.join(", ") || "none; nothing was moved back"}`);
}
