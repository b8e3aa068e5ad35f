import { spawn } from "node:child_process";
import { LabError } from "./lab-error.js";

/** What a finished command left. */
export interface CommandResult {
  /** The exit status; `undefined` if a signal ended it. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** How to run a command. */
export interface CommandOptions {
  readonly signal?: AbortSignal | undefined;
  /** The command's whole environment; default this process's own. */
  readonly environment?: Readonly<Record<string, string>> | undefined;
  /** Killed after this long; default 30 s. */
  readonly timeoutMs?: number | undefined;
}

const outputBytesMax = 16 * 1024 * 1024;
const timeoutMsDefault = 30_000;

/** The search path that machines and commands get: the usual one, whatever the caller's is. */
export const standardPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/**
 * Runs a command to its end. A status other than 0 is a result, not an error.
 * @throws {LabError} `missing` if there is no such program, `timeout` if it took too long, `failed` if it said too much.
 */
export async function runCommand(
  command: readonly [string, ...string[]],
  options: CommandOptions = {},
): Promise<CommandResult> {
  options.signal?.throwIfAborted();
  const [program, ...args] = command;
  const timeout = AbortSignal.timeout(options.timeoutMs ?? timeoutMsDefault);
  const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
  const child = spawn(program, args, {
    stdio: ["ignore", "pipe", "pipe"],
    signal,
    killSignal: "SIGKILL",
    ...(options.environment ? { env: { ...options.environment } } : {}),
  });
  let bytes = 0;
  const collect = (parts: Buffer[]) => (part: Buffer) => {
    bytes += part.length;
    if (bytes > outputBytesMax) child.kill("SIGKILL");
    else parts.push(part);
  };
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on("data", collect(out));
  child.stderr.on("data", collect(err));
  const code = await new Promise<number | undefined>((resolve, reject) => {
    child.once("error", (cause) => reject(translate(program, cause, options.signal, timeout)));
    child.once("close", (status) => resolve(status ?? undefined));
  });
  if (bytes > outputBytesMax)
    throw new LabError("failed", `${program} said more than ${outputBytesMax} bytes`);
  return { code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() };
}

function translate(
  program: string,
  cause: Error,
  outer: AbortSignal | undefined,
  timeout: AbortSignal,
): unknown {
  if (outer?.aborted) return outer.reason;
  if (timeout.aborted) return new LabError("timeout", `${program} did not end in time`, { cause });
  if ("code" in cause && cause.code === "ENOENT") {
    return new LabError("missing", `cannot run ${program}: no such program`, { cause });
  }
  return new LabError("failed", `cannot run ${program}: ${cause.message}`, { cause });
}

/**
 * Runs a command that must succeed, and returns what it printed.
 * @throws {LabError} `failed` with the command's own words if its status is not 0.
 */
export async function runOrThrow(
  command: readonly [string, ...string[]],
  options: CommandOptions = {},
): Promise<string> {
  const result = await runCommand(command, options);
  if (result.code === 0) return result.stdout;
  const said = (result.stderr || result.stdout).trim();
  throw new LabError("failed", `${command.join(" ")} failed (status ${result.code ?? "none"}): ${said}`);
}

/** One word for a POSIX shell. */
export function shellQuote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
