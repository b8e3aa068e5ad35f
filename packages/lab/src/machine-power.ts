// A machine's power switch: boot, power cut, freeze.
import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { isFrozen, isPopulated, killGroup, removeGroup, setFrozen, unitsIn } from "./cgroup.js";
import { monotonicMs, newBootId, until } from "./clock.js";
import type { LabContext } from "./context.js";
import type { Launched } from "./host.js";
import { LabError } from "./lab-error.js";
import { lockName, withLock } from "./lock.js";
import { prepareMachine } from "./machine-files.js";
import { systemctl } from "./machine-systemctl.js";
import type { MachineRecord } from "./state.js";

const bootTimeoutMs = 30_000;
const logLinesInError = 8;

function exclusively<T>(
  context: LabContext,
  name: string,
  signal: AbortSignal | undefined,
  action: () => Promise<T>,
) {
  return withLock(lockName(context.file.directory, `machine ${name}`), signal, action);
}

/**
 * Boots a machine, for the first time or again; ready when its manager has reached basic.target.
 * @param describe - Gives the machine's record, called once nobody else can switch the machine.
 * @returns how long it took, in milliseconds.
 * @throws {LabError} `already-running` if any process of it lives.
 */
export async function bootMachine(
  context: LabContext,
  name: string,
  describe: () => Omit<MachineRecord, "bootId" | "boots" | "power">,
  signal: AbortSignal | undefined,
): Promise<number> {
  return await exclusively(context, name, signal, async () => {
    const startedMs = monotonicMs();
    const group = context.host.group(name);
    if (await isPopulated(group)) {
      throw new LabError("already-running", `machine "${name}" is running`, { hint: "Kill it first." });
    }
    const known = context.state().machines[name];
    const record: MachineRecord = {
      ...describe(),
      bootId: newBootId(),
      boots: (known?.boots ?? 0) + 1,
      power: "off",
    };
    const paths = context.paths(name);
    const script = await prepareMachine(record, paths);
    await context.setMachine(name, record, signal);
    try {
      const launched = await context.host.launch(name, script, paths.log, true, signal);
      await waitBooted(context, name, launched, signal);
    } catch (error) {
      // What failed to boot must not run on half-booted.
      await killGroup(group);
      await context.setMachine(name, known);
      throw error;
    }
    await context.setMachine(name, { ...record, power: "on" }, signal);
    return monotonicMs() - startedMs;
  });
}

async function waitBooted(
  context: LabContext,
  name: string,
  launched: Launched,
  signal?: AbortSignal,
): Promise<void> {
  const { privateSocket } = context.paths(name);
  const refuseIfEnded = async (): Promise<void> => {
    if (launched.exitStatus() === undefined) return;
    const said = await tailOf(context.paths(name).log);
    throw new LabError(
      "failed",
      `machine "${name}" ended at boot (status ${launched.exitStatus()}): ${said}`,
    );
  };
  await until(`machine "${name}" to listen`, { signal, timeoutMs: bootTimeoutMs, everyMs: 3 }, async () => {
    await refuseIfEnded();
    return await answers(privateSocket);
  });
  await until(`machine "${name}" to boot`, { signal, timeoutMs: bootTimeoutMs, everyMs: 5 }, async () => {
    await refuseIfEnded();
    const shown = await systemctl(context, name, ["show", "-P", "ActiveState", "basic.target"], { signal });
    return shown.stdout.trim() === "active";
  });
}

// The file alone says nothing: it outlives its manager.
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

async function tailOf(path: string): Promise<string> {
  const text = await readFile(path, "utf8").catch(() => "");
  return text.trim().split("\n").slice(-logLinesInError).join("\n") || "it said nothing";
}

/** What a power cut ended. */
export interface PowerCut {
  /** Units that had processes a moment before, in name order. */
  readonly units: readonly string[];
  /** From the cut until no process was left. */
  readonly durationMs: number;
}

/** Cuts a machine's power: every process of it is SIGKILLed at once. Cutting twice does nothing more. */
export async function killMachine(
  context: LabContext,
  name: string,
  signal: AbortSignal | undefined,
): Promise<PowerCut> {
  context.machine(name);
  return await exclusively(context, name, signal, async () => {
    const group = context.host.group(name);
    const units = [...(await unitsIn(group)).keys()].sort();
    const startedMs = monotonicMs();
    await killGroup(group, signal);
    const durationMs = monotonicMs() - startedMs;
    await removeGroup(group);
    await context.setMachine(name, { ...context.machine(name), power: "off" }, signal);
    return { units, durationMs };
  });
}

/** Freezes or thaws a machine: its sockets still accept, but nothing of it runs. */
export async function freezeMachine(
  context: LabContext,
  name: string,
  frozen: boolean,
  signal: AbortSignal | undefined,
): Promise<void> {
  context.machine(name);
  await exclusively(context, name, signal, async () => {
    const group = context.host.group(name);
    if (!(await isPopulated(group))) throw new LabError("not-running", `machine "${name}" is off`);
    await setFrozen(group, frozen, signal);
  });
}

/** Whether a machine runs; "off" also when its processes ended by themselves. */
export async function machineState(context: LabContext, name: string): Promise<"running" | "frozen" | "off"> {
  const group = context.host.group(name);
  if (!(await isPopulated(group))) return "off";
  return (await isFrozen(group)) ? "frozen" : "running";
}
