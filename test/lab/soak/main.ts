// `npm run e2e -- soak`; scripts/e2e.mjs bundles and calls it.
import { parseArgs } from "node:util";
import { LabError } from "@fleet/lab";
import { soak } from "./soak.js";

/** The text of `npm run e2e -- soak --help`. */
export function help(): string {
  return `Breaks a cluster of full machines at random for a while, and holds fleet's promises against what really ran.

USAGE
  npm run e2e -- soak [--minutes 30] [--seed S]

FLAGS
  --minutes M   how long; whole rounds are played, so it takes a little longer
  --seed S      a number: the same seed brings the same faults; default 1. Soaks of different seeds may run side by side

What is done is said on stderr; the result is one JSON object on stdout. The exit status is 1 if a promise was broken. A soak
that is ended by Ctrl-C prints what it has seen so far.
`;
}

/** What the command line asks for. */
export interface SoakRequest {
  readonly seed: number;
  readonly minutes: number;
}

const seedMax = 99_999_999;

/** Reads the command line behind `soak`. @returns a text that says what is wrong; "" if help is asked for. */
export function parseSoakArguments(argv: readonly string[]): SoakRequest | string {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        minutes: { type: "string", default: "30" },
        seed: { type: "string", default: "1" },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) return "";
    const minutes = Number(values.minutes);
    if (!(minutes > 0 && minutes <= 10_000)) return "--minutes needs a number of minutes";
    const seed = Number(values.seed);
    if (!Number.isInteger(seed) || seed < 0 || seed > seedMax)
      return `--seed needs a whole number from 0 to ${seedMax}`;
    return { seed, minutes };
  } catch (error) {
    if (error instanceof TypeError) return error.message;
    throw error;
  }
}

// As shells say it of a program that SIGINT has ended.
const interrupted = 130;

/** Runs what was asked for. @returns the exit status: 0 if every promise was kept. */
export async function runSoak(
  request: SoakRequest,
  context: {
    readonly checkout: string;
    /** What of the checkout is committed; absent where that is not known. */
    readonly commit: string | undefined;
    readonly signal: AbortSignal;
    readonly write: (text: string) => void;
    readonly writeError: (text: string) => void;
  },
): Promise<number> {
  const { checkout, commit, signal, write, writeError } = context;
  try {
    const result = await soak({
      ...request,
      checkout,
      commit,
      signal,
      progress: (line) => writeError(`${line}\n`),
      keep: `${checkout}/.cache/e2e/soak-${request.seed}`,
    });
    write(`${JSON.stringify(result, undefined, 2)}\n`);
    if (result.isInterrupted) return interrupted;
    return result.isFulfilled ? 0 : 1;
  } catch (error) {
    if (signal.aborted) return interrupted;
    if (!(error instanceof LabError)) throw error;
    writeError(`soak: ${error.message}\n${error.hint === undefined ? "" : `${error.hint}\n`}`);
    return 1;
  }
}
