// `npm run lab`; scripts/lab.mjs bundles and calls it.
import { parseArgs } from "node:util";
import { LabError } from "@fleet/lab";
import { commands } from "./commands.js";
import type { LabPlan } from "./lab-state.js";

const machinesMax = 30;
const etcdSizes = [1, 3, 5];

/** The text of `npm run lab -- --help`. */
export function help(): string {
  const rows = Object.values(commands).map(({ usage, about }) => `  ${usage.padEnd(22)} ${about}`);
  return `Full machines on this one: each with its own systemd, system bus, network address and fleetd, and etcd beside them.

USAGE
  npm run lab -- COMMAND

${rows.join("\n")}

FLAGS
  --machines N    of \`up\`: how many machines, m1, m2, … (default 3)
  --etcd N        of \`up\`: how many members etcd has, e1, e2, …: 1 (default), 3 or 5
  --ttl 10s       of \`up\`: how long a silent machine counts as present
  --base DIR      of \`up\`: lay the machines over this Debian tree instead of this host's own root
  --suite NAME    of \`base\`: which release of Debian (default trixie)
  --set NAME=VALUE  of \`up\`: an option of every machine's fleet.conf; may be repeated
  --clock         of \`up\`: so that \`clock\` can step fleetd's time
  --no-build      of \`up\`: take the bundles as they are
  --name NAME     which lab, if there are several (default lab)

It needs root and systemd-container. Nothing leaves this machine: the network has no way out.
`;
}

/** What the command line asks for. */
export interface Request {
  readonly command: string;
  readonly args: readonly string[];
  readonly name: string;
  readonly plan: LabPlan;
  /** Which release of Debian `base` makes a tree of. */
  readonly suite: string;
  /** Whether to install and build first what is missing. */
  readonly build: boolean;
}

/** Reads the command line. @returns a text that says what is wrong if it cannot be used; "" if help is asked for. */
export function parseLabArguments(argv: readonly string[]): Request | string {
  // Words after the command's name belong to it: `exec m1 ls --all`.
  const at = argv.findIndex((word, index) => !word.startsWith("-") && !takesValue(argv[index - 1]));
  const command = argv[at];
  const isPassedOn = command === "exec" || command === "fleetctl";
  const own = isPassedOn ? argv.slice(0, at) : argv.filter((_, index) => index !== at);
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(own.map((word) => (/^[+-]\d+$/.test(word) ? `=${word}` : word)));
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const { values, positionals } = parsed;
  if (values.help || command === undefined) return "";
  if (!Object.hasOwn(commands, command)) return `there is no command "${command}"`;
  const machines = Number(values.machines);
  if (!Number.isInteger(machines) || machines < 1 || machines > machinesMax)
    return `--machines needs a number from 1 to ${machinesMax}`;
  const etcdMembers = Number(values.etcd);
  if (!etcdSizes.includes(etcdMembers)) return "--etcd needs 1, 3 or 5";
  const options: Record<string, string> = {};
  for (const setting of values.set) {
    const [, name, value] = /^([a-z_]+)=([^"]*)$/.exec(setting) ?? [];
    if (name === undefined || value === undefined) return `--set needs NAME=VALUE, not "${setting}"`;
    options[name] = value;
  }
  const args = isPassedOn ? argv.slice(at + 1) : positionals.map((word) => word.replace(/^=/, ""));
  const plan: LabPlan = {
    machines,
    etcdMembers,
    base: values.base,
    fakeClock: values.clock,
    options,
    ...(values.ttl === undefined ? {} : { ttl: values.ttl }),
  };
  return { command, args, name: values.name, plan, suite: values.suite, build: !values["no-build"] };
}

const takesValue = (word: string | undefined): boolean =>
  word !== undefined &&
  ["--machines", "--etcd", "--ttl", "--base", "--suite", "--set", "--name"].includes(word);

function parse(argv: readonly string[]) {
  return parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      machines: { type: "string", default: "3" },
      etcd: { type: "string", default: "1" },
      ttl: { type: "string" },
      base: { type: "string", default: "/" },
      suite: { type: "string", default: "trixie" },
      set: { type: "string", multiple: true, default: [] },
      clock: { type: "boolean", default: false },
      name: { type: "string", default: "lab" },
      "no-build": { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
}

/** Carries a request out. @returns the exit status. */
export async function runLab(
  request: Request,
  io: {
    readonly checkout: string;
    readonly write: (text: string) => void;
    readonly writeError: (text: string) => void;
  },
): Promise<number> {
  try {
    return (await commands[request.command]?.run({ ...request, ...io })) ?? 1;
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    io.writeError(`lab: ${error.message}\n${error.hint === undefined ? "" : `${error.hint}\n`}`);
    return 1;
  }
}
