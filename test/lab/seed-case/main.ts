// `npm run e2e -- seed-case`; scripts/e2e.mjs bundles and calls it.
import { homedir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { LabError } from "@fleet/lab";
import { play } from "../e2e/play.js";
import { findProgram, preflight } from "../preflight.js";
import { imageName, imageSuite, suite } from "./recipe.js";
import { seedCase } from "./scenario.js";
import type { SeedRecord } from "./steps.js";
import { ensureTree } from "./tree.js";

/** The text of `npm run e2e -- seed-case --help`. */
export function help(): string {
  return `Runs examples/units/cadvisor.service as it stands, with real containers, on full machines: four, then one more, then one is lost
and comes back. Each machine is asked for its metrics, and its processes are looked at. Then the same with metrics.container, a Quadlet.

The machines are laid over a tree of Debian ${suite} with podman in docker's place. It is made once, from Debian's packages only
(mmdebstrap; the image is made of the cadvisor package of ${imageSuite}), and kept in a cache.

USAGE
  npm run e2e -- seed-case [--json]

FLAGS
  --json              the result as one JSON object on stdout
  --tree              only make the tree and print where it is: for \`npm run lab -- up --base DIR\`
  --mirror URL        of Debian (default: the one that this host's apt uses)
  --older-mirror URL  where ${imageSuite} is, if not there
  --cache DIR         where trees are kept (default ~/.cache/fleet/seed-case)

It needs root, systemd-container, mmdebstrap and curl. The exit status is 1 if a promise was broken.
`;
}

/** What the command line asks for. */
export interface SeedRequest {
  readonly json: boolean;
  readonly treeOnly: boolean;
  readonly mirror: string | undefined;
  readonly olderMirror: string | undefined;
  /** An absolute path; `undefined` for the usual place. */
  readonly cache: string | undefined;
}

/** Reads the command line behind `seed-case`. @returns a text that says what is wrong; "" if help is asked for. */
export function parseSeedArguments(argv: readonly string[]): SeedRequest | string {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        json: { type: "boolean", default: false },
        tree: { type: "boolean", default: false },
        mirror: { type: "string" },
        "older-mirror": { type: "string" },
        cache: { type: "string" },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) return "";
    const { mirror, cache } = values;
    const olderMirror = values["older-mirror"];
    if ([mirror, olderMirror].some((url) => url !== undefined && !/^[a-z]+:\/\/\S+$/.test(url)))
      return "--mirror and --older-mirror need a URL";
    if (cache !== undefined && !cache.startsWith("/")) return "--cache needs an absolute path";
    return { json: values.json, treeOnly: values.tree, mirror, olderMirror, cache };
  } catch (error) {
    if (error instanceof TypeError) return error.message;
    throw error;
  }
}

// As shells say it of a program that SIGINT has ended.
const interrupted = 130;

/** What the program is given by scripts/e2e.mjs. */
export interface SeedContext {
  readonly checkout: string;
  /** What of the checkout is committed; absent where that is not known. */
  readonly commit: string | undefined;
  readonly signal: AbortSignal;
  readonly write: (text: string) => void;
  readonly writeError: (text: string) => void;
}

/** Plays the seed case. @returns the exit status: 0 if every promise was kept. */
export async function runSeedCase(request: SeedRequest, context: SeedContext): Promise<number> {
  try {
    return await run(request, context);
  } catch (error) {
    if (context.signal.aborted) return interrupted;
    if (!(error instanceof LabError)) throw error;
    context.writeError(`seed-case: ${error.message}\n${error.hint === undefined ? "" : `${error.hint}\n`}`);
    return 1;
  }
}

async function run(request: SeedRequest, context: SeedContext): Promise<number> {
  const { checkout, signal, write, writeError } = context;
  const tell = (line: string): void => (request.json ? writeError : write)(`${line}\n`);
  const [lack] = preflight();
  if (lack !== undefined) throw new LabError("missing", lack.what, { hint: lack.fix });
  if (findProgram("curl") === undefined)
    throw new LabError("missing", "there is no curl", { hint: "apt-get install curl" });
  const { mirror, olderMirror } = request;
  const cache =
    request.cache ?? join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "fleet/seed-case");
  const progress = request.treeOnly ? (line: string) => writeError(`${line}\n`) : tell;
  const tree = await ensureTree({ cache, mirror, olderMirror, signal, progress });
  if (request.treeOnly) {
    write(`${tree}\n`);
    return 0;
  }
  const record: SeedRecord = { said: [], looks: [] };
  const scenario = seedCase(checkout, tree, record);
  tell(`seed-case: ${scenario.asks}`);
  const outcome = await play(scenario, {
    checkout,
    labName: "seedcase",
    signal,
    parameters: {},
    progress: tell,
    keep: `${checkout}/.cache/e2e`,
  });
  const base = `Debian ${suite} with podman; ${imageName} from the cadvisor package of ${imageSuite}`;
  const result = { commit: context.commit, ...outcome, lab: { ...outcome.lab, base }, ...record };
  if (request.json) write(`${JSON.stringify(result, undefined, 2)}\n`);
  for (const { promise, what } of outcome.violations) tell(`  BROKEN ${promise}: ${what}`);
  tell(`  ${outcome.isFulfilled ? "kept" : "BROKEN"} in ${(outcome.durationMs / 1000).toFixed(0)} s`);
  return outcome.isFulfilled ? 0 : 1;
}
