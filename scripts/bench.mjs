// `npm run bench -- NAME [--json]`: sets up what is missing, builds, and runs a benchmark of packages/demo, or of test/lab
// where it needs full machines. The figures are the only thing on stdout.
import { benchHelp, benchmarks, parseBenchArguments } from "./arguments.mjs";
import { importFromSource, prepareMachines } from "./lab.mjs";
import { prepare, refuseArguments, runProgram } from "./program.mjs";
import { checkout } from "./setup.mjs";

const request = parseBenchArguments(process.argv.slice(2));

/** What full machines are needed for. */
async function ofFullMachines(name) {
  const { fullMachineBenchmarks } = await importFromSource("bench/main", {
    external: ["dbus-next", "esbuild"],
  });
  return fullMachineBenchmarks[name];
}

if (typeof request === "string") refuseArguments("bench", request, benchHelp);
else if (request.name === "help") process.stdout.write(benchHelp);
else {
  await runProgram("bench", async (io) => {
    const needsMachines = benchmarks[request.name].fullMachines === true;
    await (needsMachines ? prepareMachines : prepare)(console.error);
    const benchmark = needsMachines ? await ofFullMachines(request.name) : undefined;
    const { runBench } = await import(`${checkout}/packages/demo/dist/demo.mjs`);
    return await runBench({ checkout, request, ...(benchmark && { benchmark }), ...io });
  });
}
