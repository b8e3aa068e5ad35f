import { attachLab, type Lab, LabError, openLab, preflight } from "@fleet/lab";
import { type DemoArguments, demoHelp, parseDemoArguments } from "./arguments.js";
import { FleetCluster } from "./fleet-cluster.js";
import { playLoss, playRevival } from "./power.js";
import { Screen } from "./screen.js";
import { playStory } from "./story.js";

const labName = "demo";

/** What the demo is run with. */
export interface DemoContext {
  readonly checkout: string;
  readonly argv: readonly string[];
  readonly write: (text: string) => void;
  readonly writeError: (text: string) => void;
  readonly signal: AbortSignal;
}

async function attached(): Promise<Lab | undefined> {
  try {
    return await attachLab(labName);
  } catch (error) {
    if (error instanceof LabError && error.code === "not-running") return undefined;
    throw error;
  }
}

async function start(
  context: DemoContext,
  screen: Screen,
  options: Extract<DemoArguments, { action: "start" }>,
): Promise<void> {
  const missing = preflight().filter((item) => item.required);
  if (missing.length > 0) {
    throw new LabError(
      "missing",
      `this host cannot run the demo: ${missing.map((item) => item.what).join("; ")}`,
      {
        hint: missing.map((item) => item.fix).join("\n"),
      },
    );
  }
  const old = await attached();
  if (old !== undefined) {
    screen.step("ending the demo that is running");
    await old.stop();
  }
  const lab = await openLab({ name: labName, signal: context.signal });
  try {
    const cluster = await FleetCluster.start(lab, {
      checkout: context.checkout,
      machines: options.machines,
      // The disks of the first two are big, so that the unit that needs one survives the loss of either.
      metadata: (number): Record<string, string> => (number <= 2 ? { disk: "big" } : {}),
      ...(options.ttl === undefined ? {} : { ttl: options.ttl }),
      signal: context.signal,
      progress: (step) => screen.step(step),
    });
    screen.step(`the cluster is ready: ${options.machines} machines`);
    await playStory(screen, cluster);
    await lab.release();
    screen.say(`\nThe cluster goes on running. To use it:\n`);
    screen.say(`export PATH=${context.checkout}/bin:$PATH`);
    screen.say(`export FLEETCTL_ENDPOINT=${cluster.endpoint}`);
    screen.say("\nnpm run demo -- stop   ends it.");
  } catch (error) {
    // What was started must not outlive a failed or interrupted run.
    await lab.stop();
    throw error;
  }
}

async function status(screen: Screen, checkout: string, lab: Lab): Promise<void> {
  const now = await lab.status();
  screen.say(`etcd       ${now.etcd?.state ?? "off"}  ${now.etcd?.url ?? ""}`);
  for (const machine of now.machines) {
    const metadata = Object.entries(machine.metadata).map(([key, value]) => `${key}=${value}`);
    screen.say(
      `${machine.name.padEnd(10)} ${machine.state.padEnd(8)} ${machine.address}  ${metadata.join(",")}  ` +
        `${machine.units.filter((unit) => unit !== "fleetd.service").join(" ")}`,
    );
  }
  // There is no sshd and no journal on these machines, so this stands for fleetctl journal.
  screen.say("\nwhat units print:");
  for (const { name } of now.machines) screen.say(`${name.padEnd(10)} ${lab.logs(name).machine}`);
  const cluster = await FleetCluster.attach(lab, checkout);
  screen.say(`\nexport PATH=${checkout}/bin:$PATH\nexport FLEETCTL_ENDPOINT=${cluster.endpoint}`);
}

async function act(context: DemoContext, screen: Screen, action: DemoArguments): Promise<void> {
  if (action.action === "help") return screen.say(demoHelp);
  if (action.action === "start") return await start(context, screen, action);
  const lab = await attached();
  if (lab === undefined) {
    if (action.action === "stop") return screen.say("the demo is not running; nothing to stop");
    throw new LabError("not-running", "the demo is not running", { hint: "Start it with: npm run demo" });
  }
  if (action.action === "status") return await status(screen, context.checkout, lab);
  if (action.action === "stop") {
    await lab.stop({ graceful: true });
    return screen.step("the demo has ended; nothing is left of it");
  }
  const cluster = await FleetCluster.attach(lab, context.checkout);
  if (cluster.machine(action.machine) === undefined) {
    const names = cluster.machines.map((machine) => machine.name).join(", ");
    throw new LabError("invalid", `there is no machine "${action.machine}"`, { hint: `There are ${names}.` });
  }
  if (action.action === "kill") await playLoss(screen, cluster, action.machine);
  else await playRevival(screen, cluster, action.machine);
  await cluster.waitForListedActive(context.signal);
  await screen.play(cluster, "list-units");
}

/**
 * Runs the demo.
 * @returns the exit status: 0 done, 1 failed, 2 wrong arguments.
 */
export async function runDemo(context: DemoContext): Promise<number> {
  const action = parseDemoArguments(context.argv);
  if (typeof action === "string") {
    context.writeError(`demo: ${action}\n\n${demoHelp}`);
    return 2;
  }
  try {
    await act(context, new Screen(context.write), action);
    return 0;
  } catch (error) {
    if (context.signal.aborted) {
      context.writeError("demo: interrupted; everything it started has been ended\n");
      return 130;
    }
    const hint = error instanceof LabError && error.hint !== undefined ? `\n${error.hint}` : "";
    context.writeError(`demo: ${error instanceof Error ? error.message : error}${hint}\n`);
    return 1;
  }
}
