// `npm test`: sets up what is missing, builds the bundles, runs all tests, and closes with a line that counts them.
// Arguments go to vitest: `npm test -- --project unit packages/core`.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { prepare } from "./program.mjs";
import { ensureMachines, SetupError } from "./setup.mjs";

/** Installs what the tests on full machines need. @returns why they cannot be run here; `undefined` if they can. */
async function prepareMachines() {
  if (process.getuid?.() !== 0) return "they need root";
  try {
    await ensureMachines({ say: console.log });
    return undefined;
  } catch (error) {
    if (error instanceof SetupError) return error.message;
    throw error;
  }
}

const args = process.argv.slice(2);
const playsMachines = args.length === 0 || args.some((arg) => arg.includes("e2e"));

await prepare(console.log);
const whyNoMachines = playsMachines ? await prepareMachines() : undefined;

const directory = mkdtempSync(join(tmpdir(), "fleet-test-"));
const report = join(directory, "report.json");
const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
const run = spawnSync("npx", ["vitest", "run", ...reporters, ...args], { stdio: "inherit" });

let passed = 0;
let failed = 0;
try {
  const result = JSON.parse(readFileSync(report, "utf8"));
  passed = result.numPassedTests;
  // A file that could not be loaded has no test that failed, and is a failure all the same.
  const broken = result.testResults.filter(
    (file) => file.status === "failed" && file.assertionResults.length === 0,
  );
  failed = result.numFailedTests + broken.length;
} catch (error) {
  console.error(`no report of the tests: ${error.message}`);
}
rmSync(directory, { recursive: true });
if (whyNoMachines !== undefined) console.log(`NOT RUN HERE: the tests on full machines: ${whyNoMachines}`);
console.log(`tests: ${passed} passed, ${failed} failed`);
process.exitCode = run.status === 0 && passed === 0 ? 1 : (run.status ?? 1);
