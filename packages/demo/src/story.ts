import { readFile } from "node:fs/promises";
import type { FleetCluster } from "./fleet-cluster.js";
import { playLoss, playRevival } from "./power.js";
import type { Screen } from "./screen.js";

const ordinary = ["hello", "hello-sidekick", "blue", "green", "archive"];
const units = "examples/units";

/**
 * The main job, in front of the reader: a global unit, ordinary units with rules, a machine that is lost and comes back.
 * @throws {Error} as soon as something is not as it should be.
 */
export async function playStory(screen: Screen, cluster: FleetCluster, signal: AbortSignal): Promise<void> {
  const count = cluster.machines.length;
  screen.say("\n# the machines of the cluster");
  await screen.play(cluster, "list-machines", signal);

  screen.say("\n# a global unit: one copy on every machine");
  await screen.play(cluster, `load ${units}/monitor.service`, signal);
  await screen.play(cluster, "list-unit-files", signal);
  await screen.play(cluster, `start ${units}/monitor.service`, signal);
  await cluster.waitForPlaces("monitor.service", (places) => places.length === count, { signal });
  await cluster.waitForListedActive(["monitor.service"], signal);
  await screen.play(cluster, "list-units", signal);
  const first = cluster.machines[0];
  if (first !== undefined) {
    const page = `${cluster.lab.paths(first.name).runtime}/fleet-monitor/machine.prom`;
    screen.say(`\n# what the monitor on ${first.name} writes\n${(await readFile(page, "utf8")).trimEnd()}`);
  }

  screen.say(
    "\n# ordinary units: one that follows another (MachineOf), two that avoid each other (Conflicts),",
  );
  screen.say("# one that needs a machine with disk=big (MachineMetadata)");
  const startable = count > 1 ? ordinary : ordinary.filter((name) => name !== "green");
  await screen.play(
    cluster,
    `start ${startable.map((name) => `${units}/${name}.service`).join(" ")}`,
    signal,
  );
  await screen.play(cluster, "list-units", signal);

  if (count < 2) return;
  const victim = (await cluster.placesOf("hello.service"))[0];
  if (victim === undefined) throw new Error("hello.service runs nowhere");
  await playLoss(screen, cluster, victim, signal);
  await screen.play(cluster, "list-machines", signal);
  await screen.play(cluster, "list-units", signal);
  screen.say(`\n# ${victim} is switched on again: its global unit starts there, and nothing is moved back`);
  await playRevival(screen, cluster, victim, signal);
  await screen.play(cluster, "list-units", signal);
}
