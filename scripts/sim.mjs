// `npm run sim`: see scripts/sim-arguments.mjs for what it does. Exits 1 if a promise was broken.
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { refuseArguments, runProgram } from "./program.mjs";
import { checkout, ensureModules } from "./setup.mjs";
import { parseSimArguments, simHelp } from "./sim-arguments.mjs";

const request = parseSimArguments(process.argv.slice(2));
if (typeof request === "string") refuseArguments("sim", request, simHelp);
else if (request.help) process.stdout.write(simHelp);
else await runProgram("sim", async ({ signal }) => await main({ ...request, signal }));

async function main(options) {
  await ensureModules({ log: console.error });
  if (options.merge !== undefined) {
    const { mergeEvidence } = await import("./sim-evidence.mjs");
    const report = mergeEvidence(options.merge);
    console.log(JSON.stringify(report, undefined, 2));
    return report.violations.length === 0 ? 0 : 1;
  }
  const { bundleSimulation } = await import("./bundle-sim.mjs");
  if (options.verify !== undefined) {
    const { verifyEvidence } = await import("./sim-evidence.mjs");
    return await verifyEvidence({ checkout, ...options, jobs: options.jobs ?? availableParallelism() });
  }
  const bundle = await bundleSimulation(checkout, join(checkout, "packages/sim/dist/sim.mjs"));
  const sim = await import(pathToFileURL(bundle).href);
  const config = { ...sim.defaultConfig, ...options.config };
  if (options.seed !== undefined) return await playOne(sim, config, options);
  return await playMany(sim, bundle, config, options);
}

async function playOne(sim, config, { seed, story, all, json }) {
  const script = sim.generateScript(seed, config);
  const outcome = await sim.runScript(script);
  if (json) console.log(JSON.stringify({ seed, ...outcome, lines: undefined }));
  else if (story) for (const line of await sim.tellStory(script, all)) console.log(line);
  else if (outcome.violation === undefined) {
    console.log(
      `seed ${seed}: no promise was broken in ${Math.round(outcome.virtualMs / 1000)} virtual seconds`,
    );
    console.log(`digest ${outcome.digest}`);
  } else await tellShortest(sim, script, outcome, all);
  return outcome.violation === undefined ? 0 : 1;
}

async function tellShortest(sim, script, outcome, all) {
  const shrunk = await sim.shrink(script, outcome);
  const [before, after] = [script.steps.length, shrunk.script.steps.length];
  console.log(
    `the shortest of ${shrunk.worlds + 1} worlds that break the same promise: ${after} of ${before} deeds\n`,
  );
  for (const line of await sim.tellStory(shrunk.script, all)) console.log(line);
  console.log(`\nits deeds, to be kept as a case:\n${JSON.stringify(shrunk.script.steps)}`);
}

async function playMany(sim, bundle, config, options) {
  const { playSeeds } = await import("./sim-pool.mjs");
  const { collectEvidence } = await import("./sim-evidence.mjs");
  const jobs = options.jobs ?? availableParallelism();
  const evidence = collectEvidence({ checkout, config, first: options.first, last: options.last });
  const seeds = Array.from({ length: options.last - options.first + 1 }, (_, index) => options.first + index);
  const startedMs = performance.now();
  let played = 0;
  await playSeeds({ bundle, seeds, config, jobs, signal: options.signal }, (outcome) => {
    evidence.add(outcome);
    played += 1;
    if (outcome.violation !== undefined) {
      console.error(`seed ${outcome.seed}: ${outcome.violation.invariant}: ${outcome.violation.what}`);
    }
    if (process.stderr.isTTY && played % 20 === 0) process.stderr.write(`\r${played} of ${seeds.length} `);
  });
  const report = evidence.report((performance.now() - startedMs) / 1000, jobs);
  if (options.json) console.log(JSON.stringify(report, undefined, 2));
  else print(report, seeds.length);
  const first = report.violations[0];
  if (first !== undefined && !options.json) {
    console.log(
      `\nits story, as short as it gets (npm run sim -- --seed ${first.seed}${flagsOf(options.config)}):\n`,
    );
    const script = sim.generateScript(String(first.seed), config);
    await tellShortest(sim, script, await sim.runScript(script), options.all);
  }
  return report.violations.length === 0 ? 0 : 1;
}

function flagsOf(config) {
  return Object.entries(config)
    .map(([name, value]) => (value === false ? ` --no-${name}` : ` --${name} ${value}`))
    .join("");
}

function print({ violations, virtualHours, msPerSeed, faults, blocks }, seeds) {
  console.log(
    `${seeds} seeds, ${virtualHours} virtual hours, ${msPerSeed} ms a seed: ${violations.length} violations`,
  );
  const kinds = Object.entries(faults).map(([kind, count]) => `${kind} ${count}`);
  console.log(`what befell: ${kinds.join(", ")}`);
  for (const { from, to, digest } of blocks) console.log(`digest of ${from}..${to}: ${digest}`);
}
