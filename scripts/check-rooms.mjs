// Holds the line between the rooms of the house (docs/architecture.md): who may import whom, and where time, chance and
// the process's environment may be touched. Each rule has a name and a sentence that says why; a breach prints
// `file:line: rule: what` and the reason, and exits 1.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, posix } from "node:path";

/** Tests may use whatever they need to hold the code against. */
const isTest = (file) => /\.test\.ts$|\/(testing|contract)\/|\/contract\.ts$/.test(file);

const within = (prefix) => (file) => file.startsWith(prefix);

/** `allow` decides over one import: `target` is a path in the repository or the name of a package. */
const importRules = [
  {
    name: "core-depends-on-nothing",
    why: "the domain is what fleet is; it must be usable and testable with nothing around it",
    applies: (file) => within("packages/core/src/")(file) && !file.startsWith("packages/core/src/ports/"),
    allow: (target) =>
      target.startsWith("packages/core/src/") && !target.startsWith("packages/core/src/ports/"),
  },
  {
    name: "ports-know-the-domain-alone",
    why: "a port is a promise in the domain's words; it names no technology",
    applies: within("packages/core/src/ports/"),
    allow: (target) => target.startsWith("packages/core/src/") || target === "@fleet/core",
  },
  {
    name: "plans-are-pure",
    why: "the same view must give the same plan, so a planner sees the domain and itself, no port and no adapter",
    applies: (file) => /^packages\/(engine|agent)\/src\/plan\//.test(file),
    allow: (target, file) =>
      target === "@fleet/core" || target.startsWith(`${file.split("/plan/")[0]}/plan/`),
  },
  {
    name: "runs-speak-to-ports",
    why: "a loop that knows an adapter cannot be run against a twin",
    applies: (file) => /^packages\/(engine|agent)\/src\/run\//.test(file),
    allow: (target, file) => {
      const room = file.split("/run/")[0];
      return (
        target === "@fleet/core" ||
        target === "@fleet/core/ports" ||
        target.startsWith(`${room}/run/`) ||
        target.startsWith(`${room}/plan/`)
      );
    },
  },
  {
    name: "adapters-do-not-meet",
    why: "each outside technology is wrapped once, and its types stay in its room",
    applies: (file) => /^packages\/(registry|api|agent\/src\/systemd)/.test(file),
    allow: (target, file) => {
      const room = file.startsWith("packages/agent/")
        ? "packages/agent/src/systemd/"
        : dirname(file).split("/src")[0];
      const libraries = {
        "packages/registry": ["etcd3", "cockatiel"],
        "packages/api": ["@fleet/client"],
        "packages/agent/src/systemd/": ["dbus-next"],
      }[room];
      return (
        target.startsWith(room) ||
        target === "@fleet/core" ||
        target === "@fleet/core/ports" ||
        target.startsWith("node:") ||
        (libraries ?? []).some((library) => target === library || target.startsWith(`${library}/`))
      );
    },
  },
  {
    name: "registry-libraries-stay-in-etcd",
    why: "everything but the etcd adapter must work against the twin",
    applies: (file) =>
      within("packages/registry/src/")(file) && !file.startsWith("packages/registry/src/etcd/"),
    allow: (target) => !/^(etcd3|cockatiel)/.test(target),
  },
  {
    name: "client-is-for-everyone",
    why: "others use the client; it brings no daemon and no library along",
    applies: within("packages/client/src/"),
    allow: (target) =>
      target.startsWith("packages/client/src/") || target === "@fleet/core" || target.startsWith("node:"),
  },
  {
    name: "fleetctl-talks-to-the-api",
    why: "the command line knows the cluster through the client only, and must start fast",
    applies: within("packages/fleetctl/src/"),
    allow: (target) =>
      target.startsWith("packages/fleetctl/src/") ||
      ["@fleet/core", "@fleet/client"].includes(target) ||
      target.startsWith("node:") ||
      /^yargs(\/|$)/.test(target),
  },
  {
    name: "simulation-touches-nothing-real",
    why: "a world that is played again must be the same to the last byte: it has twins, and time and chance of its own",
    applies: within("packages/sim/src/"),
    allow: (target) =>
      target.startsWith("packages/sim/src/") ||
      [
        "@fleet/core",
        "@fleet/core/ports",
        "@fleet/engine",
        "@fleet/agent",
        "@fleet/agent/systemd",
        "@fleet/registry",
        "@fleet/fleetd/member",
      ].includes(target),
  },
  {
    name: "lab-is-its-own",
    why: "the lab makes machines for any fleetd; it must not need ours to compile",
    applies: within("packages/lab/src/"),
    allow: (target) => target.startsWith("packages/lab/src/") || target.startsWith("node:"),
  },
];

/** Where the real clock, real chance and the real environment are made; everything else is handed them. */
const realWorld = [
  "packages/fleetd/src/clock.ts",
  "packages/fleetd/src/main.ts",
  "packages/fleetctl/src/main.ts",
  "packages/fleetctl/src/clock.ts",
  "packages/sim/src/time/turn.ts",
];
const banned = [
  [/\bDate\.now\b|\bnew Date\(\)|\bperformance\.now\b/, "asks the real time"],
  [/\bset(Timeout|Interval|Immediate)\(|\bAbortSignal\.timeout\b|node:timers/, "waits in real time"],
  [/\bMath\.random\b|\brandomUUID\b|\brandomBytes\b/, "uses real chance"],
  [/\bprocess\.env\b/, "reads the environment"],
];
const timeRule = {
  name: "time-and-chance-are-ports",
  why: "whatever asks the real clock, chance or environment cannot be simulated; take Clock, Random or an option",
};

const tracked = execFileSync(
  "git",
  ["ls-files", "-co", "--exclude-standard", "--", "packages/*/src/**/*.ts"],
  {
    encoding: "utf8",
  },
);
const files = tracked.split("\n").filter((file) => file !== "" && existsSync(file) && !isTest(file));
const breaches = [];

/** Blanks out comments, so that prose may name what code may not. */
const withoutComments = (text) =>
  text.replace(/\/\*[\s\S]*?\*\/|(^|\s)\/\/[^\n]*/g, (comment) => comment.replace(/[^\n]/g, " "));

for (const file of files) {
  const lines = withoutComments(readFileSync(file, "utf8")).split("\n");
  for (const [index, line] of lines.entries()) {
    const specifier = /(?:\bfrom\s+|^\s*import\s+|\bimport\(\s*)"([^"]+)"/.exec(line)?.[1];
    if (specifier !== undefined) {
      const target = specifier.startsWith(".") ? posix.join(dirname(file), specifier) : specifier;
      for (const rule of importRules) {
        if (rule.applies(file) && !rule.allow(target, file)) {
          breaches.push(`${file}:${index + 1}: ${rule.name}: may not import ${specifier}: ${rule.why}`);
        }
      }
    }
    if (realWorld.includes(file) || /^packages\/(lab|demo)\//.test(file)) continue;
    for (const [pattern, what] of banned) {
      if (pattern.test(line))
        breaches.push(`${file}:${index + 1}: ${timeRule.name}: ${what}: ${timeRule.why}`);
    }
  }
}

for (const breach of breaches) console.error(breach);
process.exitCode = breaches.length > 0 ? 1 : 0;
