import { attachLab, type Lab, LabError, openLab, preflight } from "@fleet/lab";
import { FleetCluster } from "./fleet-cluster.js";
import { playLoss, playRevival } from "./power.js";
import { Screen } from "./screen.js";
import { playStory } from "./story.js";

const labName = "demo";

/** What is asked of the demo; scripts/arguments.mjs reads it from the command line. */
export type DemoRequest =
  | { readonly action: "start"; readonly machines: number; readonly ttl: string | undefined }
  | { readonly action: "status" | "stop" }
  | { readonly action: "kill" | "revive"; readonly machine: string };

/** What the demo is run with. */
export interface DemoContext {
  readonly checkout: string;
  readonly request: DemoRequest;
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
  options: Extract<DemoRequest, { action: "start" }>,
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
    await playStory(screen, cluster, context.signal);
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

async function act(context: DemoContext, screen: Screen): Promise<void> {
  const { request, signal } = context;
  if (request.action === "start") return await start(context, screen, request);
  const lab = await attached();
  if (lab === undefined) {
    if (request.action === "stop") return screen.say("the demo is not running; nothing to stop");
    throw new LabError("not-running", "the demo is not running", { hint: "Start it with: npm run demo" });
  }
  if (request.action === "status") return await status(screen, context.checkout, lab);
  if (request.action === "stop") {
    await lab.stop({ graceful: true });
    return screen.step("the demo has ended; nothing is left of it");
  }
  const cluster = await FleetCluster.attach(lab, context.checkout);
  if (!("machine" in request) || cluster.machine(request.machine) === undefined) {
    const names = cluster.machines.map((machine) => machine.name).join(", ");
    throw new LabError("invalid", "there is no such machine", { hint: `There are ${names}.` });
  }
  if (request.action === "kill") await playLoss(screen, cluster, request.machine, signal);
  else await playRevival(screen, cluster, request.machine, signal);
  await screen.play(cluster, "list-units", signal);
}

/**
 * Runs the demo.
 * @returns the exit status: 0 done, 1 failed, 130 interrupted.
 */
export async function runDemo(context: DemoContext): Promise<number> {
  try {
    await act(context, new Screen(context.write));
    return 0;
  } catch (error) {
    if (context.signal.aborted) {
      const what =
        context.request.action === "start"
          ? "everything it started has been ended"
          : "the cluster goes on running";
      context.writeError(`demo: interrupted; ${what}\n`);
      return 130;
    }
    const hint = error instanceof LabError && error.hint !== undefined ? `\n${error.hint}` : "";
    context.writeError(`demo: ${error instanceof Error ? error.message : error}${hint}\n`);
    return 1;
  }
}
