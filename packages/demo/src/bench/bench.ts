import { LabError } from "@fleet/lab";
import type { BenchContext } from "./bench-context.js";
import { benchCli } from "./cli.js";
import { benchFailover } from "./failover.js";
import { type Figures, formatFigures } from "./figures.js";
import { benchStart } from "./start.js";

interface Benchmark {
  readonly about: string;
  readonly runs: number;
  readonly run: (context: BenchContext) => Promise<Figures>;
}

const benchmarks: Readonly<Record<string, Benchmark>> = {
  start: { about: "one new unit, from the command until it runs and is listed", runs: 15, run: benchStart },
  failover: { about: "a machine's power cut, until its units run elsewhere", runs: 5, run: benchFailover },
  cli: { about: "fleetctl --version and list-units of up to 10,000 units", runs: 10, run: benchCli },
};

/** The text of `npm run bench -- --help`. */
export const benchHelp = `Measures fleet on machines of its own, beside a baseline in the same run.

USAGE
  npm run bench -- NAME [--runs N] [--json]

${Object.entries(benchmarks)
  .map(([name, { about, runs }]) => `  ${name.padEnd(10)} ${about} (${runs} runs)`)
  .join("\n")}

Figures are medians with minimum and maximum; the field names carry the units. --json prints one object a line.
`;

/** Reads the arguments. @returns a text if they cannot be used. */
export function parseBenchArguments(
  argv: readonly string[],
): { readonly name: string; readonly runs: number | undefined; readonly json: boolean } | string {
  let name: string | undefined;
  let runs: number | undefined;
  let json = false;
  const rest = [...argv];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === "--json") json = true;
    else if (word === "--runs") {
      runs = Number(rest.shift());
      if (!Number.isInteger(runs) || runs < 1 || runs > 1000) return "--runs needs a number from 1 to 1000";
    } else if (word.startsWith("-")) return `unknown flag ${word}`;
    else if (name !== undefined) return `one benchmark at a time, not ${name} and ${word}`;
    else name = word;
  }
  if (name === undefined) return "which benchmark?";
  if (!Object.hasOwn(benchmarks, name)) return `there is no benchmark "${name}"`;
  return { name, runs, json };
}

/** What the command is run with. */
export interface BenchCommand {
  readonly checkout: string;
  readonly argv: readonly string[];
  readonly write: (text: string) => void;
  readonly writeError: (text: string) => void;
  readonly signal: AbortSignal;
}

/** Runs a benchmark. @returns the exit status: 0 done, 1 failed, 2 wrong arguments. */
export async function runBench(command: BenchCommand): Promise<number> {
  if (command.argv.includes("--help")) {
    command.write(benchHelp);
    return 0;
  }
  const options = parseBenchArguments(command.argv);
  if (typeof options === "string") {
    command.writeError(`bench: ${options}\n\n${benchHelp}`);
    return 2;
  }
  const benchmark = benchmarks[options.name];
  if (benchmark === undefined) return 2;
  try {
    const figures = await benchmark.run({
      checkout: command.checkout,
      runs: options.runs ?? benchmark.runs,
      progress: (step) => command.writeError(`${step}\n`),
      signal: command.signal,
    });
    command.write(options.json ? `${JSON.stringify(figures)}\n` : formatFigures(figures));
    return 0;
  } catch (error) {
    const hint = error instanceof LabError && error.hint !== undefined ? `\n${error.hint}` : "";
    command.writeError(`bench: ${error instanceof Error ? error.message : error}${hint}\n`);
    return 1;
  }
}
