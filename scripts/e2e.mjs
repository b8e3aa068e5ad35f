// `npm run e2e`: plays scenarios on full machines. Sets up what is missing, builds, and runs test/lab/e2e.
import { spawnSync } from "node:child_process";
import { importFromSource, prepareMachines } from "./lab.mjs";
import { refuseArguments, runProgram } from "./program.mjs";
import { checkout, ensureFakeClock } from "./setup.mjs";

const { help, parseE2eArguments, runE2e } = await importFromSource("e2e/main");
const request = parseE2eArguments(process.argv.slice(2));

if (request === "") process.stdout.write(help());
else if (typeof request === "string") refuseArguments("e2e", request, help());
else {
  await runProgram("e2e", async (io) => {
    const log = (line) => io.writeError(`${line}\n`);
    await prepareMachines(log);
    if (request.needsFakeClock) await ensureFakeClock({ say: log });
    const asked = spawnSync("git", ["rev-parse", "HEAD"], { cwd: checkout, encoding: "utf8" });
    const commit = asked.status === 0 ? asked.stdout.trim() : undefined;
    return await runE2e(request, { checkout, commit, ...io });
  });
}
