import {
  type ClientClock,
  type ConnectOptions,
  createTracedTransport,
  createTransport,
  FleetClient,
  type Transport,
} from "@fleet/client";
import { FleetError, isFleetError } from "@fleet/core";
import { globalOptions } from "./argv/global-options.js";
import { parseFlags } from "./argv/parse-flags.js";
import { findCommand, meantCommand, readCommandLine, type Vocabulary } from "./argv/read-command-line.js";
import { allOptions, optionsOf, requireApiDriver } from "./argv/retired-options.js";
import type { Command, CommandArgs, CommandContext, Output } from "./command.js";
import { commands } from "./commands/all.js";
import { completion } from "./commands/completion.js";
import { help } from "./commands/help.js";
import { offerCandidates } from "./completion/offer-candidates.js";
import { exitCode, exitCodeOf } from "./exit-code.js";
import { commandPage, mainPage } from "./help-page.js";
import { Interrupted } from "./interrupted.js";
import { commandManPage, mainManPage } from "./man-page.js";
import { errorText } from "./output/error-text.js";
import type { Programs } from "./programs/programs.js";
import { tracePrograms } from "./programs/traced-programs.js";
import { readSshSettings } from "./remote/ssh-settings.js";
import { dialThrough } from "./remote/tunnel.js";
import { readTlsFiles } from "./tls-files.js";
import { UsageError, usageErrorText } from "./usage-error.js";
import { version } from "./version.js";

/** So long people may take to answer ssh's questions while a request waits for its tunnel. */
const questionsMs = 120_000;

/** The world around the program. */
export interface World {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly clock: ClientClock;
  /** Aborted, with `Interrupted`, when the user has had enough. */
  readonly signal: AbortSignal;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Reads a file. @throws Node's error. */
  readFile(path: string): Promise<Uint8Array>;
  readonly programs: Programs;
  /** Replaces the way to the server; for tests. */
  readonly transport?: Transport;
}

/**
 * Runs fleetctl.
 * @param argv - What follows the program's name.
 * @returns the exit code. Everything that went wrong has been told.
 */
export async function runCli(argv: readonly string[], world: World): Promise<number> {
  try {
    return await dispatch(argv, world);
  } catch (error) {
    if (error instanceof Interrupted) return exitCodeOf(error);
    if (error instanceof UsageError) world.stderr.write(usageErrorText(error));
    else if (isFleetError(error)) world.stderr.write(`${errorText(error)}\n${hintLine(error)}`);
    else throw error;
    return exitCodeOf(error);
  }
}

const vocabulary: Vocabulary = {
  options: allOptions(commands),
  ownOptions: (word) => {
    const command = meantCommand(word, commands);
    return command === undefined ? undefined : optionsOf(command);
  },
  flagsEndAfter: (word, before) => meantCommand(word, commands)?.flagsEndAfter?.(before) === true,
};

async function dispatch(argv: readonly string[], world: World): Promise<number> {
  const { stdout } = world;
  const words = readCommandLine(argv, vocabulary);
  const command = words.command === undefined ? help : findCommand(words.command, commands);
  const args = parseFlags(command, words.rest, world.environment, commands);
  if (args.flag("version")) {
    stdout.write(`fleetctl version ${version}\n`);
    return exitCode.ok;
  }
  if (args.flag("help") && words.command !== undefined) {
    stdout.write(commandPage(command, globalOptions));
    return exitCode.ok;
  }
  if (command === help) return showHelp(args, stdout);
  if (command === completion && args.positionals[0] === "candidates") {
    return complete(args.positionals.slice(1), world);
  }
  for (const remark of new Set(words.retired.map(({ retired = "" }) => retired))) {
    if (remark !== "") world.stderr.write(`WARNING: ${remark}\n`);
  }
  return runCommand(command, args, args.flag("debug") ? tracing(world) : world);
}

/** Tells of programs that are run, beside requests. */
function tracing(world: World): World {
  const programs = tracePrograms(world.programs, (line) => world.stderr.write(`DEBUG ${line}\n`));
  return { ...world, programs };
}

function showHelp(args: CommandArgs, stdout: Output): number {
  const [topic] = args.positionals;
  const [wholePage, onePage] = args.flag("man") ? [mainManPage, commandManPage] : [mainPage, commandPage];
  stdout.write(
    topic === undefined ? wholePage(commands, globalOptions) : onePage(findTopic(topic), globalOptions),
  );
  return exitCode.ok;
}

/** @param words - What has been typed after the program's name. */
function complete(words: readonly string[], world: World): Promise<number> {
  const { clock, signal, stdout } = world;
  const connect = async (): Promise<FleetClient> => {
    const typed = readCommandLine([...words.slice(0, -1), ""], vocabulary);
    const args = parseFlags(
      findCommand(typed.command ?? "", commands),
      typed.rest,
      world.environment,
      commands,
    );
    // A tunnel could ask for a password in the middle of the line that is being typed.
    if (args.text("tunnel") !== "")
      throw new FleetError("unavailable", "cannot look through a tunnel for names");
    return createClient(args, world);
  };
  return offerCandidates(words, { commands, globals: globalOptions, stdout, clock, signal, connect });
}

function findTopic(topic: string): Command {
  try {
    return findCommand(topic, commands);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const { suggestions } = error;
    throw new UsageError(`Unknown help topic [\`${topic}\`].`, {
      suggestions,
      hint: "Run 'fleetctl help' for a list.",
    });
  }
}

async function runCommand(command: Command, args: CommandArgs, world: World): Promise<number> {
  const client = await createClient(args, world);
  const context: CommandContext = {
    client,
    stdout: world.stdout,
    stderr: world.stderr,
    clock: world.clock,
    signal: world.signal,
    readFile: (path) => world.readFile(path),
    programs: world.programs,
  };
  try {
    return await command.run(context, args);
  } finally {
    client.close();
  }
}

async function createClient(args: CommandArgs, world: World): Promise<FleetClient> {
  const { clock, stderr } = world;
  try {
    requireApiDriver(args);
    const trace = args.flag("debug") ? (line: string) => stderr.write(`DEBUG ${line}\n`) : undefined;
    const transport = await openTransport(args, world, trace);
    return new FleetClient({ transport, clock, userAgent: `fleetctl/${version}` });
  } catch (error) {
    if (!isFleetError(error)) throw error;
    const options = error.hint === undefined ? {} : { hint: error.hint };
    throw new FleetError(error.code, `Unable to initialize client: ${error.message}`, options);
  }
}

async function openTransport(
  args: CommandArgs,
  world: World,
  trace: ((line: string) => void) | undefined,
): Promise<Transport> {
  const { transport } = world;
  if (transport !== undefined)
    return trace === undefined ? transport : createTracedTransport(transport, trace);
  const options = await connectOptions(args, world);
  return createTransport(trace === undefined ? options : { ...options, trace });
}

async function connectOptions(args: CommandArgs, world: World): Promise<ConnectOptions> {
  const { clock, programs } = world;
  const options = {
    endpoints: args.text("endpoint"),
    clock,
    requestTimeoutMs: args.number("request-timeout") * 1000,
    tls: await readTlsFiles(args, world),
  };
  const settings = readSshSettings(args);
  if (settings.bastion === undefined) return options;
  const loginTimeoutMs = settings.timeoutS * 1000 + ((await programs.isTerminal()) ? questionsMs : 0);
  return {
    ...options,
    requestTimeoutMs: options.requestTimeoutMs + loginTimeoutMs,
    dial: dialThrough(settings, settings.bastion, programs),
  };
}

function hintLine({ hint }: FleetError): string {
  return hint === undefined ? "" : `Hint: ${hint}\n`;
}
