// `npm test`: sets up what is missing, builds the bundles, runs all tests, and closes with a line that counts them.
// Arguments go to vitest: `npm test -- --project unit packages/core`.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { prepare } from "./program.mjs";
import { ensureMachines, SetupError } from "./setup.mjs";

/** Installs what the tests on full machines need, if that can be done; the tests themselves say what they lack. */
async function prepareMachines() {
  if (process.getuid?.() !== 0) return;
  try {
    await ensureMachines({ say: console.log });
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.error(error.message);
  }
}

const args = process.argv.slice(2);
const playsMachines = args.length === 0 || args.some((arg) => arg.includes("e2e"));

await prepare(console.log);
if (playsMachines) await prepareMachines();

const directory = mkdtempSync(join(tmpdir(), "fleet-test-"));
const report = join(directory, "report.json");
const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
const run = spawnSync("npx", ["vitest", "run", ...reporters, ...args], { stdio: "inherit" });

let passed = 0;
let failed = 0;
/** What a host cannot run is a test that says so; nobody is to overlook it. */
const notRun = new Set();
try {
  const result = JSON.parse(readFileSync(report, "utf8"));
  passed = result.numPassedTests;
  const titles = result.testResults.flatMap((file) => file.assertionResults.map(({ title }) => title));
  for (const title of titles) if (title.startsWith("NOT RUN HERE")) notRun.add(title);
  // A file that could not be loaded has no test that failed, and is a failure all the same.
  const broken = result.testResults.filter(
    (file) => file.status === "failed" && file.assertionResults.length === 0,
  );
  failed = result.numFailedTests + broken.length;
} catch (error) {
  console.error(`no report of the tests: ${error.message}`);
}
rmSync(directory, { recursive: true });
for (const title of notRun) console.log(title);
console.log(`tests: ${passed} passed, ${failed} failed`);
process.exitCode = run.status === 0 && passed === 0 ? 1 : (run.status ?? 1);
