// The frame of `npm run demo` and `npm run bench`: set up, build, run, and say in one line what went wrong.
import { SetupError, setup } from "./setup.mjs";

/** Ends with a usage error. */
export function refuseArguments(name, problem, help) {
  process.stderr.write(`${name}: ${problem}\n\n${help}`);
  process.exitCode = 2;
}

/** Installs and builds what is missing. @param log - Takes the lines of progress. */
export async function prepare(log) {
  await setup({ log });
  const { build } = await import("./build.mjs");
  await build({ log });
}

/** Runs a program; a failure that has been said in words is printed without a stack. */
export async function runProgram(name, run) {
  const interrupt = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => interrupt.abort(new Error(signal)));
  try {
    process.exitCode = await run({
      write: (text) => process.stdout.write(text),
      writeError: (text) => process.stderr.write(text),
      signal: interrupt.signal,
    });
  } catch (error) {
    if (interrupt.signal.aborted && error === interrupt.signal.reason) {
      process.stderr.write(`${name}: interrupted\n`);
      process.exitCode = 130;
      return;
    }
    if (!(error instanceof SetupError)) throw error;
    process.stderr.write(`${name}: ${error.message}\n`);
    process.exitCode = 1;
  }
}
