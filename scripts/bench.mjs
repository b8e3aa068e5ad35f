// `npm run bench -- NAME [--json]`: sets up what is missing, builds, and runs a benchmark of packages/demo. The figures
// are the only thing on stdout.
import { benchHelp, parseBenchArguments } from "./arguments.mjs";
import { prepare, refuseArguments, runProgram } from "./program.mjs";
import { checkout } from "./setup.mjs";

const request = parseBenchArguments(process.argv.slice(2));

if (typeof request === "string") refuseArguments("bench", request, benchHelp);
else if (request.name === "help") process.stdout.write(benchHelp);
else {
  await runProgram("bench", async (io) => {
    await prepare(console.error);
    const { runBench } = await import(`${checkout}/packages/demo/dist/demo.mjs`);
    return await runBench({ checkout, request, ...io });
  });
}
