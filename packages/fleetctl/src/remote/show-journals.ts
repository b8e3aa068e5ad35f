import { isFleetError } from "@fleet/core";
import type { CommandContext, OptionSpec } from "../command.js";
import { indexMachines, type MachineIndex, machineLegend } from "../output/machine-legend.js";
import { parseUnitAddress } from "../patterns/unit-address.js";
import type { WaitFailure } from "../units/wait-for-units.js";
import { isHost } from "./bastion.js";
import { localMachineId } from "./local-machine.js";
import { shellCommand } from "./shell-quote.js";
import { sshToMachine } from "./ssh-command-line.js";
import type { SshSettings } from "./ssh-settings.js";

/** `--no-journal`, as commands that start units have it. */
export const noJournalOption: OptionSpec = {
  name: "no-journal",
  type: "boolean",
  fallback: false,
  help: "Do not show the end of the journal of units that have failed.",
};

/** So many units are looked into; whoever has more that fail has one reason, most often. */
const journalsMax = 3;
const linesMax = 10;
const lineLengthMax = 400;
const bytesMax = 64 * 1024;
/** For connecting, and for all of it: nobody has asked for this, so nobody should have to wait for it. */
const connectSecondsMax = 3;
const limitMs = 5_000;

/**
 * Shows, on stderr, with what the journals of units end that have failed, as far as they can be had at once and without
 * asking anybody anything; else it says how to see them.
 * @param failures - Of any kind; those that name no machine are passed over.
 */
export async function showJournals(
  context: CommandContext,
  settings: SshSettings,
  failures: readonly WaitFailure[],
): Promise<void> {
  const { client, signal, stderr } = context;
  const failed = failures.filter(({ machineId }) => machineId !== undefined).slice(0, journalsMax);
  if (failed.length === 0) return;
  let machines: MachineIndex = new Map();
  try {
    machines = indexMachines(await client.listMachines(signal));
  } catch (error) {
    signal.throwIfAborted();
    if (!isFleetError(error)) throw error;
  }
  const journals = await Promise.all(
    failed.map(async ({ machineId = "", name }) => ({
      name,
      machineId,
      lines: await lastLines(context, settings, { name, machineId, machines }),
    })),
  );
  signal.throwIfAborted();
  for (const { lines, machineId, name } of journals) {
    const legend = machineLegend(machineId, machines, false);
    stderr.write(
      lines.length === 0
        ? `Hint: to see why: fleetctl journal ${name}\n`
        : `The journal of unit ${name} on ${legend} ends with:\n${lines.map((line) => `  ${line}\n`).join("")}`,
    );
  }
}

interface Place {
  readonly name: string;
  readonly machineId: string;
  readonly machines: MachineIndex;
}

/** @returns nothing if the journal cannot be had, or says nothing. */
async function lastLines(
  context: CommandContext,
  settings: SshSettings,
  { machineId, machines, name }: Place,
): Promise<readonly string[]> {
  const { clock, programs, signal } = context;
  // It may be named with the machine.
  const { unit } = parseUnitAddress(name);
  const journalctl = ["journalctl", "--unit", unit, "--no-pager", "--quiet", "-n", String(linesMax)];
  const command = [...journalctl, "--output", "short"];
  const host = machines.get(machineId)?.primaryIP ?? "";
  const isHere = machineId === (await localMachineId(context));
  if (!isHere && !isHost(host)) return [];
  const timeoutS = Math.min(settings.timeoutS, connectSecondsMax);
  const session = {
    host,
    port: 22,
    command: [shellCommand(command)],
    terminal: "none",
    agent: "never",
  } as const;
  const argv = isHere ? command : sshToMachine({ ...settings, asksNothing: true, timeoutS }, session);
  const end = new AbortController();
  const limited = AbortSignal.any([signal, end.signal]);
  const timing = clock.sleep(limitMs, limited).then(
    () => end.abort(),
    () => undefined,
  );
  try {
    const { status, stdout } = await programs.read(argv, bytesMax, limited);
    return status === 0 ? toLines(stdout) : [];
  } catch (error) {
    if (limited.aborted || isFleetError(error)) return [];
    throw error;
  } finally {
    end.abort();
    await timing;
  }
}

function toLines(text: string): readonly string[] {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return lines.slice(-linesMax).map((line) => {
    // What a unit prints is nobody's to move the cursor with.
    const plain = line.replaceAll(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, (character) =>
      character === "\t" ? character : "?",
    );
    return plain.length > lineLengthMax ? `${plain.slice(0, lineLengthMax)}…` : plain;
  });
}
