// Tries inputs on the unit-file parser, page tokens, bodies and paths of the API, and prints what came of it as JSON:
//
//   node scripts/fuzz.mjs [--cases N] [--seed S] [--slice I/N]
//
// Cases run in blocks, each with a seed made from S and its number, so the same S, and the same code, give the same
// cases. --slice 2/5 runs every fifth block, from the second on: the five slices are the whole. Exits 1 at the first case
// that does not hold, and prints its block, which a slice of that one block runs again.
import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const { values } = parseArgs({
  options: {
    cases: { type: "string", default: "100000" },
    seed: { type: "string", default: "1" },
    slice: { type: "string", default: "1/1" },
  },
});
const cases = Number(values.cases);
const seed = Number(values.seed);
const [slice, slices] = values.slice.split("/").map(Number);
if (!Number.isInteger(cases) || cases < 1) fail("--cases needs a number from 1 on");
if (!Number.isInteger(seed)) fail("--seed needs a whole number");
if (!Number.isInteger(slice) || !Number.isInteger(slices) || slice < 1 || slice > slices) {
  fail("--slice needs I/N, from 1/N to N/N");
}

function fail(message) {
  console.error(`fuzz: ${message}`);
  process.exit(2);
}

function git(...args) {
  return execFileSync("git", args, { cwd: root, encoding: "utf8" }).trim();
}

const directory = await mkdtemp(join(tmpdir(), "fleet-fuzz-"));
const bundle = join(directory, "fuzz.mjs");
await build({
  entryPoints: [join(root, "packages/api/src/testing/fuzz-targets.ts")],
  outfile: bundle,
  bundle: true,
  platform: "node",
  format: "esm",
  conditions: ["source"],
  logLevel: "warning",
});
const { blockCases, blockOf, runBlock } = await import(pathToFileURL(bundle).href);
await rm(directory, { recursive: true });

const report = {
  commit: git("rev-parse", "HEAD"),
  codeChangedSinceCommit: git("status", "--porcelain", "--", "packages/api/src", "packages/core/src") !== "",
  node: process.version,
  seed,
  slice: `${slice}/${slices}`,
  blockCases,
  casesOfAllSlices: cases,
  cases: 0,
  casesByTarget: {},
  failures: [],
  seconds: 0,
};
const startedMs = performance.now();
const blocks = Math.ceil(cases / blockCases);
for (let index = slice - 1; index < blocks && report.failures.length === 0; index += slices) {
  const { target } = blockOf(seed, index);
  const wanted = Math.min(blockCases, cases - index * blockCases);
  try {
    const done = await runBlock(seed, index, wanted);
    report.cases += done;
    report.casesByTarget[target.name] = (report.casesByTarget[target.name] ?? 0) + done;
  } catch (error) {
    report.failures.push({ block: index, slice: `${index + 1}/${blocks}`, message: error.message });
  }
}
report.seconds = Math.round((performance.now() - startedMs) / 1000);
console.log(JSON.stringify(report, undefined, 2));
process.exitCode = report.failures.length === 0 ? 0 : 1;
