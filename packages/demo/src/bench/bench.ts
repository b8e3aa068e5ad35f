import { LabError } from "@fleet/lab";
import type { BenchContext } from "./bench-context.js";
import { benchCli } from "./cli.js";
import { benchEngine } from "./engine.js";
import { beginEnvironment } from "./environment.js";
import { benchExplain } from "./explain.js";
import { type Figures, formatFigures } from "./figures.js";
import { benchGlobals } from "./globals.js";
import { benchSchedule } from "./schedule.js";
import { benchStart } from "./start.js";

/** Measures something. @returns one line, or several. */
export type Benchmark = (context: BenchContext) => Promise<Figures | readonly Figures[]>;

/** The benchmarks that scripts/arguments.mjs names, but for those that need more than a bundle of this package. */
const benchmarks: Readonly<Record<string, Benchmark>> = {
  start: benchStart,
  cli: benchCli,
  engine: benchEngine,
  explain: benchExplain,
  schedule: benchSchedule,
  globals: benchGlobals,
};

/** What the command is run with. */
export interface BenchCommand {
  readonly checkout: string;
  /** What scripts/arguments.mjs has read. */
  readonly request: { readonly name: string; readonly runs: number; readonly json: boolean };
  readonly write: (text: string) => void;
  readonly writeError: (text: string) => void;
  readonly signal: AbortSignal;
  /** Measures what is not one of this package's own benchmarks. */
  readonly benchmark?: Benchmark;
}

/** Runs a benchmark. @returns the exit status: 0 done, 1 failed, 130 interrupted. */
export async function runBench(command: BenchCommand): Promise<number> {
  const { checkout, request, signal, write, writeError } = command;
  const run = command.benchmark ?? benchmarks[request.name];
  if (run === undefined) throw new Error(`there is no benchmark "${request.name}"`);
  const environment = beginEnvironment(checkout);
  try {
    const figures = await run({
      checkout,
      runs: request.runs,
      progress: (step) => writeError(`${step}\n`),
      signal,
    });
    const around = await environment();
    for (const line of Array.isArray(figures) ? (figures as readonly Figures[]) : [figures as Figures]) {
      write(
        request.json
          ? `${JSON.stringify({ ...line, environment: around })}\n`
          : `${formatFigures({ ...line, ...around })}\n`,
      );
    }
    return 0;
  } catch (error) {
    if (signal.aborted) {
      writeError("bench: interrupted; everything it started has been ended\n");
      return 130;
    }
    const hint = error instanceof LabError && error.hint !== undefined ? `\n${error.hint}` : "";
    writeError(`bench: ${error instanceof Error ? error.message : error}${hint}\n`);
    return 1;
  }
}
