// Bundles the programs: one file each, so that they start fast and need nothing beside them. Programs whose source is
// not there are passed over. `node scripts/build.mjs [NAME...]` builds some of them only.

import { existsSync } from "node:fs";
import { cp, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

const programs = {
  fleetctl: {},
  fleetd: {
    /** etcd3 reads its protocol files at run time, from the directory above the bundle. */
    async prepare() {
      const target = join(root, "packages/fleetd/proto");
      await rm(target, { recursive: true, force: true });
      await cp(join(root, "node_modules/etcd3/proto"), target, { recursive: true });
    },
  },
};

/** Bundled CommonJS packages call `require`, which an ES module does not have. The name must not meet one of theirs. */
const banner =
  'import { createRequire as __fleetCreateRequire } from "node:module"; const require = __fleetCreateRequire(import.meta.url);';

async function buildProgram(name, { prepare }) {
  const entry = join(root, `packages/${name}/src/main.ts`);
  if (!existsSync(entry)) return console.log(`${name}: no source yet, passed over`);
  const startedAt = performance.now();
  await prepare?.();
  const { warnings } = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile: join(root, `packages/${name}/dist/${name}.mjs`),
    bundle: true,
    minify: true,
    platform: "node",
    format: "esm",
    target: "node20.19",
    conditions: ["source"],
    // Optional parts of dbus-next that fleet does not use; one of them is native.
    external: ["usocket", "x11"],
    banner: { js: banner },
    legalComments: "none",
    logLevel: "warning",
  });
  if (warnings.length > 0) process.exitCode = 1;
  console.log(`${name}: built in ${Math.round(performance.now() - startedAt)} ms`);
}

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !Object.hasOwn(programs, name));
if (unknown.length > 0) {
  console.error(`unknown program: ${unknown.join(", ")} (there are ${Object.keys(programs).join(", ")})`);
  process.exit(2);
}
for (const [name, options] of Object.entries(programs)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  try {
    await buildProgram(name, options);
  } catch (error) {
    // esbuild has printed what is wrong with the source; of anything else the message says it.
    console.error(`${name}: not built${error.errors === undefined ? `: ${error.message}` : ""}`);
    process.exitCode = 1;
  }
}
