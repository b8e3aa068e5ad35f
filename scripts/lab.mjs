// `npm run lab`: full machines on this host. Sets up what is missing, builds, and runs test/lab. `--help` has the rest.
import { prepare, refuseArguments, runProgram } from "./program.mjs";
import { checkout, ensureFakeClock, ensureMachines, ensureModules, setup } from "./setup.mjs";

/**
 * Bundles a program of test/lab and imports it; nothing of the lab needs a build of its own.
 * @param options - `external`: packages that are left where they are, because they do not bear being bundled.
 */
export async function importFromSource(entry, { external = [] } = {}) {
  await ensureModules({ check: true }).catch(async () => await setup({ packages: false, etcd: false }));
  const { build } = await import("esbuild");
  const outfile = `${checkout}/.cache/lab/${entry}.${process.pid}.mjs`;
  await build({
    absWorkingDir: checkout,
    entryPoints: [`${checkout}/test/lab/${entry}.ts`],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20.19",
    conditions: ["source"],
    external,
    logLevel: "warning",
  });
  const { rm } = await import("node:fs/promises");
  try {
    return await import(outfile);
  } finally {
    await rm(outfile, { force: true });
  }
}

/** Installs and builds what full machines need. */
export async function prepareMachines(log) {
  await prepare(log);
  await ensureMachines({ say: log });
}

async function main(argv) {
  const { help, parseLabArguments, runLab } = await importFromSource("main");
  const request = parseLabArguments(argv);
  if (request === "") return void process.stdout.write(help());
  if (typeof request === "string") return refuseArguments("lab", request, help());
  await runProgram("lab", async ({ write, writeError, signal }) => {
    // A lab that is not up ends with whoever makes it. Other commands wait for their child, which was interrupted too.
    if (request.command === "up") signal.addEventListener("abort", () => process.exit(130));
    const log = (line) => writeError(`${line}\n`);
    if (request.command === "up" && request.build) await prepareMachines(log);
    if (request.command === "up" && request.plan.fakeClock) await ensureFakeClock({ say: log });
    return await runLab(request, { checkout, write, writeError });
  });
}

if (process.argv[1]?.endsWith("/lab.mjs")) await main(process.argv.slice(2));
