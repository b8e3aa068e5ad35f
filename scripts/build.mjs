// Bundles the programs: one file each, so that they start fast and need nothing beside them. Programs whose source is
// not there are passed over. `node scripts/build.mjs [NAME...]` builds some of them only; `client` is the package for others.

import { existsSync } from "node:fs";
import { cp, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build as bundle } from "esbuild";
import { buildClient } from "./build-client.mjs";
import { SetupError } from "./setup.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

/** etcd3 reads its protocol files at run time, from the directory above the bundle. */
const bringEtcdProtocols = (name) => async () => {
  const target = join(root, `packages/${name}/proto`);
  await rm(target, { recursive: true, force: true });
  await cp(join(root, "node_modules/etcd3/proto"), target, { recursive: true });
};

const programs = {
  fleetctl: { minify: true },
  fleetd: { prepare: bringEtcdProtocols("fleetd") },
  /** The guard of exclusive units, which fleetd looks for beside itself. */
  "fleet-guard": { home: "fleetd", entry: "guard/main.ts", minify: true },
  /** The demo and the benchmarks; scripts/demo.mjs and scripts/bench.mjs import it. */
  demo: { entry: "index.ts", prepare: bringEtcdProtocols("demo") },
};

/** Bundled CommonJS packages use what an ES module does not have. The names must not meet one of theirs. */
const banner = `import { createRequire as __fleetCreateRequire } from "node:module";
import { fileURLToPath as __fleetFileURLToPath } from "node:url";
const require = __fleetCreateRequire(import.meta.url);
const __fleetFilename = __fleetFileURLToPath(import.meta.url);
const __fleetDirname = __fleetFileURLToPath(new URL(".", import.meta.url)).slice(0, -1);`;

/**
 * fleetctl uses the parser of yargs alone. Importing the rest of yargs does nothing by itself, but its package does not
 * say so; without this the bundle would carry and start all of it, which takes longer than most commands.
 */
const yargsIsPure = {
  name: "yargs-is-pure",
  setup(bundler) {
    bundler.onResolve({ filter: /./ }, async ({ path, importer, kind, resolveDir, pluginData }) => {
      if (pluginData === "resolving" || !importer.includes("/node_modules/yargs/")) return undefined;
      const found = await bundler.resolve(path, { importer, kind, resolveDir, pluginData: "resolving" });
      return { ...found, sideEffects: false };
    });
  },
};

async function buildProgram(name, { prepare, minify = false, home = name, entry: file = "main.ts" }, log) {
  const entry = join(root, `packages/${home}/src/${file}`);
  if (!existsSync(entry)) return log(`${name}: no source yet, passed over`);
  const startedAt = performance.now();
  await prepare?.();
  const { warnings } = await bundle({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile: join(root, `packages/${home}/dist/${name}.mjs`),
    bundle: true,
    // Only where the time to load counts: stack traces of the daemon are to be read.
    minify,
    define: { __dirname: "__fleetDirname", __filename: "__fleetFilename" },
    platform: "node",
    format: "esm",
    target: "node20.19",
    conditions: ["source"],
    // Optional parts of dbus-next that fleet does not use; one of them is native.
    external: ["usocket", "x11"],
    banner: { js: banner },
    plugins: [yargsIsPure],
    legalComments: "none",
    logLevel: "warning",
  });
  if (warnings.length > 0) throw new Error("the bundler has warned of something");
  log(`${name}: built in ${Math.round(performance.now() - startedAt)} ms`);
}

/**
 * Builds programs.
 * @param {{ names?: readonly string[], log?: (line: string) => void }} [options] - Default: all of them.
 * @throws {SetupError} if one cannot be built; esbuild has then printed what is wrong with its source.
 */
export async function build({ names = Object.keys(programs), log = console.log } = {}) {
  const failed = [];
  for (const [name, options] of Object.entries(programs)) {
    if (!names.includes(name)) continue;
    try {
      await buildProgram(name, options, log);
    } catch (error) {
      failed.push(`${name}${error.errors === undefined ? `: ${error.message}` : ""}`);
    }
  }
  if (failed.length > 0) throw new SetupError(`not built: ${failed.join(", ")}`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const there = [...Object.keys(programs), "client"];
  const names = process.argv.length > 2 ? process.argv.slice(2) : there;
  const unknown = names.filter((name) => !there.includes(name));
  if (unknown.length > 0) {
    console.error(`nothing to build by this name: ${unknown.join(", ")} (there are ${there.join(", ")})`);
    process.exit(2);
  }
  try {
    await build({ names });
    if (names.includes("client")) await buildClient();
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
