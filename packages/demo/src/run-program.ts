import { spawn } from "node:child_process";

/** How a program ended, and what it said. */
export interface ProgramResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What to run it with. */
export interface ProgramOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly signal?: AbortSignal;
}

/** Runs a program to its end. A status other than 0 is a result, not an error. */
export function runProgram(
  command: readonly [string, ...string[]],
  options: ProgramOptions = {},
): Promise<ProgramResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command[0], command.slice(1), {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...options.environment },
      cwd: options.cwd,
      signal: options.signal,
    });
    const output = { stdout: "", stderr: "" };
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output.stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      output.stderr += text;
    });
    child.on("error", (cause) => {
      const said = `${output.stdout}${output.stderr}`;
      reject(
        new Error(`${command.join(" ")}: ${cause.message}; it had said: ${said || "nothing"}`, { cause }),
      );
    });
    child.on("close", (code, signal) => resolve({ ...output, status: code ?? (signal === null ? 1 : 128) }));
  });
}
