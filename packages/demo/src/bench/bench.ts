import { LabError } from "@fleet/lab";
import type { BenchContext } from "./bench-context.js";
import { benchCli } from "./cli.js";
import { benchEngine } from "./engine.js";
import { benchExplain } from "./explain.js";
import { benchFailover } from "./failover.js";
import { type Figures, formatFigures } from "./figures.js";
import { benchGlobals } from "./globals.js";
import { benchSchedule } from "./schedule.js";
import { benchStart } from "./start.js";

/** The benchmarks that scripts/arguments.mjs names. */
const benchmarks: Readonly<Record<string, (context: BenchContext) => Promise<Figures | readonly Figures[]>>> =
  {
    start: benchStart,
    failover: benchFailover,
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
}

/** Runs a benchmark. @returns the exit status: 0 done, 1 failed, 130 interrupted. */
export async function runBench(command: BenchCommand): Promise<number> {
  const { checkout, request, signal, write, writeError } = command;
  const run = benchmarks[request.name];
  if (run === undefined) throw new Error(`there is no benchmark "${request.name}"`);
  try {
    const figures = await run({
      checkout,
      runs: request.runs,
      progress: (step) => writeError(`${step}\n`),
      signal,
    });
    for (const line of Array.isArray(figures) ? (figures as readonly Figures[]) : [figures as Figures]) {
      write(request.json ? `${JSON.stringify(line)}\n` : `${formatFigures(line)}\n`);
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
