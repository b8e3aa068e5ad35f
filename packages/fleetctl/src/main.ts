import { readFile } from "node:fs/promises";
import { createClock } from "./clock.js";
import { Interrupted } from "./interrupted.js";
import { createPrograms } from "./programs/local-programs.js";
import { createScreen, type Terminal } from "./screen.js";
import { version } from "./version.js";

/** Everything else is loaded only after the commonest question of scripts has been answered. */
async function main(argv: readonly string[]): Promise<number> {
  if (argv[0] === "--version" || argv[0] === "-v") {
    process.stdout.write(`fleetctl version ${version}\n`);
    return 0;
  }
  const { runCli } = await import("./cli.js");
  const interruption = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => interruption.abort(new Interrupted(signal)));
  }
  return runCli(argv, {
    ...createScreen(process.stdout, process.stderr, findTerminal()),
    clock: createClock(),
    signal: interruption.signal,
    environment: process.env,
    readFile: (path) => readFile(path),
    programs: createPrograms(process.env),
  });
}

/** A terminal that cannot erase a line is none; one that does not know its width has that of old. */
function findTerminal(): Terminal | undefined {
  const { stderr, env } = process;
  if (!stderr.isTTY || env.TERM === "dumb") return undefined;
  return { columns: () => stderr.columns || 80, hasColour: (env.NO_COLOR ?? "") === "" };
}

// Whoever reads our output may have seen enough, as `head` does; that is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

process.exitCode = await main(process.argv.slice(2));
