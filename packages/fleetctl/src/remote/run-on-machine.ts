import { isFleetError } from "@fleet/core";
import type { CommandContext } from "../command.js";
import { exitCode } from "../exit-code.js";
import { type MachineIndex, machineLegend } from "../output/machine-legend.js";
import { isHost } from "./bastion.js";
import { localMachineId } from "./local-machine.js";
import { shellCommand } from "./shell-quote.js";
import { sshToMachine } from "./ssh-command-line.js";
import type { SshSettings } from "./ssh-settings.js";

/** What everything that keeps a program from being run ends with: ssh's own status. */
export const notRunStatus = 255;

/** What to run on machines, and how to get there. */
export interface RemoteRun {
  readonly settings: SshSettings;
  readonly port: number;
  readonly machines: MachineIndex;
  /** The words of the command; on another machine a shell reads them, which changes none of them. */
  readonly command: readonly string[];
  /** Whether the command may ask something, as sudo may. */
  readonly asks: boolean;
}

/**
 * Runs a command on a machine: this one directly, others through ssh.
 * @returns the command's exit status; {@link notRunStatus} if it could not be run, which has been told, by ssh or here.
 */
export async function runOnMachine(
  context: CommandContext,
  machineId: string,
  run: RemoteRun,
): Promise<number> {
  if (machineId === (await localMachineId(context))) return await runHere(context, run);
  const { command, machines, port, settings } = run;
  const { programs, signal, stderr } = context;
  const host = machines.get(machineId)?.primaryIP ?? "";
  const legend = machineLegend(machineId, machines, false);
  if (!isHost(host)) {
    const why = machines.has(machineId) ? `has no address: ${JSON.stringify(host)}` : "is not present";
    stderr.write(`Error getting machine IP: machine ${legend} ${why}\n`);
    return exitCode.failed;
  }
  const terminal = run.asks && (await programs.isTerminal()) ? "always" : "none";
  const session = { host, port, command: [shellCommand(command)], terminal, agent: "never" } as const;
  try {
    const status = await programs.run(
      sshToMachine(settings, session),
      { readsInput: terminal === "always" },
      signal,
    );
    signal.throwIfAborted();
    if (status === notRunStatus) stderr.write(`Unable to SSH to remote host ${legend}\n`);
    return status;
  } catch (error) {
    signal.throwIfAborted();
    tellNotRun(context, `Unable to SSH to remote host ${legend}`, error);
    return notRunStatus;
  }
}

async function runHere(context: CommandContext, { asks, command }: RemoteRun): Promise<number> {
  const { programs, signal } = context;
  try {
    // A pager would come up once for each unit, and not at all on other machines.
    const options = { readsInput: asks, environment: { SYSTEMD_PAGER: "" } };
    const status = await programs.run(command, options, signal);
    signal.throwIfAborted();
    return status;
  } catch (error) {
    signal.throwIfAborted();
    tellNotRun(context, "Error running local command", error);
    return notRunStatus;
  }
}

function tellNotRun({ stderr }: CommandContext, step: string, error: unknown): void {
  if (!isFleetError(error)) throw error;
  stderr.write(`${step}: ${error.message}\n${error.hint === undefined ? "" : `Hint: ${error.hint}\n`}`);
}
