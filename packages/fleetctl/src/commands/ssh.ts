import type { MachineV1 } from "@fleet/client";
import { completeUnitName, isFleetError } from "@fleet/core";
import type { Command, CommandArgs, CommandContext } from "../command.js";
import { exitCode } from "../exit-code.js";
import { tellError } from "../output/error-text.js";
import { parseUnitAddress } from "../patterns/unit-address.js";
import { isHost } from "../remote/bastion.js";
import { cannotProceed, chooseMachine, type MachineQuestion, noAddress } from "../remote/choose-machine.js";
import { localMachineId } from "../remote/local-machine.js";
import { notRunStatus } from "../remote/run-on-machine.js";
import { sshToMachine } from "../remote/ssh-command-line.js";
import { readSshPort, readSshSettings, type SshSettings, sshPortOption } from "../remote/ssh-settings.js";
import { simulationHint } from "../remote/what-the-cluster-knows.js";
import { hintUnknown } from "../units/tell-similar.js";
import { UsageError } from "../usage-error.js";

const usage = "ssh [-A|--forward-agent] [--ssh-port=N] [--machine|--unit] {MACHINE|UNIT} [COMMAND...]";

/** `fleetctl ssh`. */
export const ssh: Command = {
  name: "ssh",
  summary: "Open interactive shell on a machine in the cluster",
  usage,
  description:
    "Opens a shell, or runs a command, on a machine: the one whose id begins with MACHINE, or the one that UNIT is on. It is\n" +
    "OpenSSH's ssh that does it, so ~/.ssh/config, agents, jump hosts and known_hosts are what they always are. Flags of\n" +
    "fleetctl stand before COMMAND; what follows belongs to it, and the machine's shell reads it, as with ssh. The exit\n" +
    "status is that of the shell or the command, 255 if ssh has failed.",
  options: [
    {
      name: "machine",
      short: "m",
      offers: [{ kind: "machines" }],
      type: "text",
      fallback: "",
      help: "Machine, by the beginning of its id.",
    },
    {
      name: "unit",
      short: "u",
      offers: [{ kind: "placed-units" }],
      type: "text",
      fallback: "",
      help: "Unit whose machine is meant.",
    },
    {
      name: "forward-agent",
      short: "A",
      type: "boolean",
      fallback: false,
      help: "Let programs on the machine use your ssh agent.",
    },
    sshPortOption,
  ],
  arguments: { offers: [{ kind: "machines" }, { kind: "placed-units" }], isMany: false },
  examples: [
    { command: "fleetctl ssh 113f", what: "A shell on the machine whose id begins so." },
    { command: "fleetctl ssh hello.service uptime", what: "A command where the unit is." },
    { command: "fleetctl ssh --machine 113f -- ls -l /run", what: "Everything behind -- is the command." },
  ],
  flagsEndAfter: (words) => {
    const positionals = words.filter((word) => !word.startsWith("--")).length;
    const isNamed = words.some((word) => /^--(machine|unit)=./.test(word));
    return positionals >= (isNamed ? 0 : 1);
  },
  run: async (context, args) => {
    const settings = readSshSettings(args);
    const port = readSshPort(args);
    const { command, question } = readQuestion(args);
    const machine = await find(context, question);
    if (machine === undefined) return exitCode.failed;
    return await open(context, {
      machine,
      port,
      settings,
      command,
      forwardAgent: args.flag("forward-agent"),
    });
  },
};

function readQuestion(args: CommandArgs): {
  readonly question: MachineQuestion;
  readonly command: readonly string[];
} {
  const machine = args.text("machine");
  const unit = args.text("unit");
  const hint = `Usage: fleetctl ${usage}`;
  if (machine !== "" && unit !== "") {
    throw new UsageError("Both machine and unit flags provided, please specify only one.", { hint });
  }
  const { positionals } = args;
  if (machine !== "") return { question: { kind: "machine", prefix: machine }, command: positionals };
  if (unit !== "") return { question: { kind: "unit", unit }, command: positionals };
  const [word, ...command] = positionals;
  if (word === undefined || word === "") {
    throw new UsageError(`${cannotProceed}: one machine or unit must be provided`, { hint });
  }
  return { question: { kind: "either", word }, command };
}

async function find(context: CommandContext, question: MachineQuestion): Promise<MachineV1 | undefined> {
  const { signal, stderr } = context;
  try {
    const choice = await chooseMachine(context, question);
    if (choice.kind === "found") {
      if (isHost(choice.machine.primaryIP ?? "")) return choice.machine;
      stderr.write(`${noAddress}\n`);
      return undefined;
    }
    stderr.write(`${choice.message}\n`);
    if (question.kind === "unit" && choice.hint === undefined) {
      // Nothing else is said of a unit that does not exist.
      await hintUnknown(context, [completeUnitName(parseUnitAddress(question.unit).unit)]);
    }
    if (choice.hint !== undefined) stderr.write(`Hint: ${choice.hint}\n`);
  } catch (error) {
    signal.throwIfAborted();
    tellError(context, cannotProceed, error);
  }
  return undefined;
}

interface Login {
  readonly machine: MachineV1;
  readonly port: number;
  readonly settings: SshSettings;
  /** None: a shell. */
  readonly command: readonly string[];
  readonly forwardAgent: boolean;
}

async function open(context: CommandContext, login: Login): Promise<number> {
  const { programs, signal, stderr } = context;
  const { command, forwardAgent, machine, port, settings } = login;
  const host = machine.primaryIP ?? "";
  // As the original: on a terminal, commands get one as well. Without a command ssh does so by itself.
  const wantsTerminal = command.length > 0 && (await programs.isTerminal());
  const session = {
    host,
    port,
    command,
    terminal: wantsTerminal ? "always" : "own",
    agent: forwardAgent ? "forward" : "own",
  } as const;
  try {
    const status = await programs.run(sshToMachine(settings, session), { readsInput: true }, signal);
    signal.throwIfAborted();
    if (status === notRunStatus && machine.id !== (await localMachineId(context))) {
      const hint = simulationHint(host);
      if (hint !== undefined) stderr.write(`Hint: ${hint}\n`);
    }
    return status;
  } catch (error) {
    signal.throwIfAborted();
    if (!isFleetError(error)) throw error;
    stderr.write(`Failed building SSH client: ${error.message}\n`);
    if (error.hint !== undefined) stderr.write(`Hint: ${error.hint}\n`);
    return notRunStatus;
  }
}
