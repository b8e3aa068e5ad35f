// `npm run sim:mutants -- [--jobs N] [NAME…]`: puts each deliberate bug of packages/sim/mutants into a copy of the sources and plays worlds
// with it until the invariant that its header names is broken. Exits 1 if a bug survives its 200 seeds, or if its patch no
// longer applies: then somebody has to say anew what the bug would be in today's code.
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { bundleSimulation } from "./bundle-sim.mjs";
import { checkout } from "./setup.mjs";
import { playSeeds } from "./sim-pool.mjs";

const seedsMax = 200;
const folder = join(checkout, "packages/sim/mutants");
const help = `Tries whether the simulation notices deliberate bugs, each of which is a patch in packages/sim/mutants.

USAGE
  npm run sim:mutants                      all of them
  npm run sim:mutants -- NAME…             some, by the names of their patches

OPTIONS
  --jobs N (processors)  how many processes play

The exit code is 1 if a bug survives ${seedsMax} seeds or its patch does not apply.
`;
const { jobs, wanted } = readArguments();

/** Reads the arguments; ends the process where there is nothing to play. */
function readArguments() {
  let parsed;
  try {
    const options = {
      jobs: { type: "string", default: String(availableParallelism()) },
      help: { type: "boolean", short: "h", default: false },
    };
    parsed = parseArgs({ options, allowPositionals: true });
  } catch (error) {
    refuse(error.message);
  }
  const { values, positionals } = parsed;
  if (values.help) {
    process.stdout.write(help);
    process.exit(0);
  }
  const number = Number(values.jobs);
  if (!(Number.isInteger(number) && number >= 1)) refuse("--jobs needs a number from 1 on");
  return { jobs: number, wanted: positionals };
}

function refuse(why) {
  console.error(`sim:mutants: ${why}`);
  process.exit(2);
}

/** The packages that a world is made of. */
const packages = ["core", "engine", "agent", "registry", "fleetd", "sim"];

function header(text, name) {
  return new RegExp(`^# ${name}: (.+)$`, "m").exec(text)?.[1];
}

function copySources(directory) {
  for (const name of packages) {
    for (const part of ["src", "package.json"]) {
      cpSync(join(checkout, "packages", name, part), join(directory, "packages", name, part), {
        recursive: true,
        filter: (path) => !path.endsWith(".test.ts"),
      });
    }
  }
}

/** Plays worlds until the invariant is broken. @returns the seed, and what else was broken before. */
async function hunt(bundle, invariant) {
  const caught = [];
  const others = new Map();
  const { defaultConfig } = await import(bundle);
  const seeds = Array.from({ length: seedsMax }, (_, index) => index + 1);
  await playSeeds({ bundle, seeds, config: defaultConfig, jobs }, (outcome) => {
    const broken = outcome.violation?.invariant;
    if (broken === invariant) caught.push(outcome.seed);
    else if (broken !== undefined) others.set(broken, (others.get(broken) ?? 0) + 1);
    return caught.length === 0;
  });
  return { seed: caught.length === 0 ? undefined : Math.min(...caught), others };
}

async function tryMutant(name) {
  const patch = join(folder, `${name}.patch`);
  const text = readFileSync(patch, "utf8");
  const invariant = header(text, "invariant");
  const directory = mkdtempSync(join(tmpdir(), "fleet-mutant-"));
  try {
    copySources(directory);
    try {
      execFileSync("git", ["apply", "-C1", patch], { cwd: directory, stdio: ["ignore", "ignore", "pipe"] });
    } catch (error) {
      return { name, invariant, problem: `its patch does not apply: ${String(error.stderr).split("\n")[0]}` };
    }
    const bundle = await bundleSimulation(directory, join(directory, "mutant.mjs"));
    return { name, invariant, ...(await hunt(bundle, invariant)) };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function row({ name, invariant, seed, others = new Map(), problem }) {
  const also = [...others].map(([other, count]) => `${other} ${count}x`).join(", ");
  const fate = seed === undefined ? (problem ?? `SURVIVES ${seedsMax} seeds`) : `caught, seed ${seed}`;
  return `${name.padEnd(34)} ${invariant.padEnd(10)} ${fate}${also === "" ? "" : ` (also: ${also})`}`;
}

const names = readdirSync(folder)
  .filter((file) => file.endsWith(".patch"))
  .map((file) => file.slice(0, -".patch".length))
  .filter((name) => wanted.length === 0 || wanted.includes(name));
const unknown = wanted.filter((name) => !names.includes(name));
if (unknown.length > 0) refuse(`there is no ${unknown.join(", ")} in packages/sim/mutants`);
let survivors = 0;
for (const name of names) {
  const result = await tryMutant(name);
  if (result.seed === undefined) survivors += 1;
  console.log(row(result));
}
console.log(
  `${names.length} deliberate bugs, ${names.length - survivors} caught by the invariant they break`,
);
process.exitCode = survivors === 0 ? 0 : 1;
