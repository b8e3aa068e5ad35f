// `npm run e2e`; scripts/e2e.mjs bundles and calls it.
import { LabError } from "@fleet/lab";
import { scenarios } from "../scenarios/index.js";
import { type Outcome, play } from "./play.js";

/** The text of `npm run e2e -- --help`. */
export function help(): string {
  const rows = scenarios.map(({ name, asks }) => `  ${name.padEnd(24)} ${asks}`);
  return `Plays what can go wrong on full machines, and holds fleet's promises against what really ran.

USAGE
  npm run e2e -- [SCENARIO…] [NAME=NUMBER…]     without names: all of them
  npm run e2e -- soak --help                    random faults for a while
  npm run e2e -- seed-case --help               real containers

${rows.join("\n")}

FLAGS
  --json        one JSON object a line for each scenario, on stdout
  --ttl 10s     how long a silent machine counts as present
  --times N     play each N times
  --quick       only those that npm test plays
  --long        with the numbers that take long, such as minutes=10 of etcd-away
  --from REV    rolling-upgrade begins with the program of this commit
  --name LAB    the lab's name, for playing several at once; default e2e

NAME=NUMBER sets a parameter of the scenarios, such as minutes=10 of etcd-away.
`;
}

/** What the command line asks for. */
export interface E2eRequest {
  readonly names: readonly string[];
  readonly parameters: Readonly<Record<string, number>>;
  readonly json: boolean;
  readonly times: number;
  readonly ttl: string | undefined;
  readonly isLong: boolean;
  /** A commit; its bundles are given as `older`. */
  readonly from: string | undefined;
  readonly labName: string;
  /** Some scenario steps clocks. */
  readonly needsFakeClock: boolean;
}

/** Reads the command line. @returns a text that says what is wrong if it cannot be used; "" if help is asked for. */
export function parseE2eArguments(argv: readonly string[]): E2eRequest | string {
  const names: string[] = [];
  const parameters: Record<string, number> = {};
  const flags = new Set<string>();
  const values: Record<string, string | undefined> = {};
  const rest = [...argv];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const [, name, value] = /^([a-z]+)=(\d+(?:\.\d+)?)$/.exec(word) ?? [];
    if (word === "--help" || word === "-h") return "";
    if (word === "--json" || word === "--long") flags.add(word);
    else if (word === "--quick") names.push(...scenarios.filter((one) => one.isQuick).map((one) => one.name));
    else if (Object.hasOwn(valuePatterns, word)) {
      values[word] = rest.shift();
      const { pattern, needs } = valuePatterns[word as keyof typeof valuePatterns];
      if (!pattern.test(values[word] ?? "")) return `${word} needs ${needs}`;
    } else if (name !== undefined) parameters[name] = Number(value);
    else if (scenarios.some((scenario) => scenario.name === word)) names.push(word);
    else return `there is no scenario "${word}"`;
  }
  if (names.length === 0) names.push(...scenarios.map((one) => one.name));
  return {
    names,
    parameters,
    json: flags.has("--json"),
    isLong: flags.has("--long"),
    times: Number(values["--times"] ?? "1"),
    ttl: values["--ttl"],
    from: values["--from"],
    labName: values["--name"] ?? "e2e",
    needsFakeClock: scenarios.some((one) => names.includes(one.name) && one.lab?.fakeClock === true),
  };
}

const valuePatterns = {
  "--times": { pattern: /^[1-9]\d{0,3}$/, needs: "a number" },
  "--ttl": { pattern: /^\d+(ms|s|m)$/, needs: 'a duration like "10s"' },
  "--from": { pattern: /^[\w./~^-]+$/, needs: "a commit" },
  "--name": { pattern: /^[a-z][a-z0-9]{0,15}$/, needs: "a letter, then up to 15 letters and digits" },
} as const;

/** What the programs are given by scripts/e2e.mjs. */
export interface E2eContext {
  readonly checkout: string;
  /** What of the checkout is committed; absent where that is not known. */
  readonly commit: string | undefined;
  /** A checkout with the bundles of the commit that was asked for. */
  readonly older?: string;
  readonly signal: AbortSignal;
  readonly write: (text: string) => void;
  readonly writeError: (text: string) => void;
}

// As shells say it of a program that SIGINT has ended.
const interrupted = 130;

/** Plays what was asked for. @returns the exit status: 0 if every promise was kept. */
export async function runE2e(request: E2eRequest, context: E2eContext): Promise<number> {
  const { write, writeError } = context;
  const tell = request.json ? writeError : write;
  const outcomes: Outcome[] = [];
  for (const name of request.names) {
    const scenario = scenarios.find((one) => one.name === name);
    if (scenario === undefined) continue;
    for (let time = 0; time < request.times; time++) {
      tell(`\n${scenario.name}: ${scenario.asks}\n`);
      try {
        const outcome = await play(scenario, {
          checkout: context.checkout,
          labName: request.labName,
          isLong: request.isLong,
          ...(context.older === undefined ? {} : { older: context.older }),
          signal: context.signal,
          parameters: request.parameters,
          progress: (line) => tell(`${line}\n`),
          keep: `${context.checkout}/.cache/e2e`,
          ...(request.ttl === undefined ? {} : { ttl: request.ttl }),
        });
        outcomes.push(outcome);
        if (request.json) write(`${JSON.stringify({ commit: context.commit, ...outcome })}\n`);
        for (const { promise, what } of outcome.violations) tell(`  BROKEN ${promise}: ${what}\n`);
        tell(`  ${outcome.isFulfilled ? "kept" : "BROKEN"} in ${(outcome.durationMs / 1000).toFixed(0)} s\n`);
      } catch (error) {
        if (context.signal.aborted) return interrupted;
        if (!(error instanceof LabError)) throw error;
        writeError(`e2e: ${error.message}\n${error.hint === undefined ? "" : `${error.hint}\n`}`);
        return 1;
      }
    }
  }
  const broken = outcomes.filter((outcome) => !outcome.isFulfilled);
  tell(`\nscenarios: ${outcomes.length - broken.length} kept, ${broken.length} broken\n`);
  return broken.length === 0 ? 0 : 1;
}
