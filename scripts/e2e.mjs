// `npm run e2e`: plays scenarios on full machines. Sets up what is missing, builds, and runs test/lab/e2e or test/lab/soak.
import { spawnSync } from "node:child_process";
import { importFromSource, prepareMachines } from "./lab.mjs";
import { buildOlder } from "./older.mjs";
import { refuseArguments, runProgram } from "./program.mjs";
import { checkout, ensureFakeClock } from "./setup.mjs";

async function choose([first, ...rest]) {
  if (first === "soak") {
    const { help, parseSoakArguments, runSoak } = await importFromSource("soak/main");
    return { help, request: parseSoakArguments(rest), run: runSoak };
  }
  if (first === "seed-case") {
    const { help, parseSeedArguments, runSeedCase } = await importFromSource("seed-case/main");
    return { help, request: parseSeedArguments(rest), run: runSeedCase };
  }
  const { help, parseE2eArguments, runE2e } = await importFromSource("e2e/main");
  return { help, request: parseE2eArguments(process.argv.slice(2)), run: runE2e };
}

const { help, request, run } = await choose(process.argv.slice(2));

if (request === "") process.stdout.write(help());
else if (typeof request === "string") refuseArguments("e2e", request, help());
else {
  await runProgram("e2e", async (io) => {
    const log = (line) => io.writeError(`${line}\n`);
    await prepareMachines(log);
    if (request.needsFakeClock) await ensureFakeClock({ say: log });
    const asked = spawnSync("git", ["rev-parse", "HEAD"], { cwd: checkout, encoding: "utf8" });
    const commit = asked.status === 0 ? asked.stdout.trim() : undefined;
    const older = request.from === undefined ? {} : { older: await buildOlder(request.from, log) };
    return await run(request, { checkout, commit, ...older, ...io });
  });
}
