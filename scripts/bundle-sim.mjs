// Bundles the simulation, with the code it simulates, from the sources of a checkout. What only the real world needs is
// left out: no library of etcd's or D-Bus is ever called, and loading them would take longer than ten worlds.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

/** Where each `@fleet/…` import of a checkout has its source. */
function sourcesOf(checkout) {
  const sources = new Map();
  const packages = join(checkout, "packages");
  for (const folder of readdirSync(packages)) {
    const manifest = join(packages, folder, "package.json");
    if (!existsSync(manifest)) continue;
    const { name, exports = {} } = JSON.parse(readFileSync(manifest, "utf8"));
    for (const [path, { source }] of Object.entries(exports)) {
      if (source !== undefined) sources.set(name + path.slice(1), join(packages, folder, source));
    }
  }
  return sources;
}

/** @returns the bundle's path. */
export async function bundleSimulation(checkout, outfile) {
  const sources = sourcesOf(checkout);
  const twinsOnly = {
    name: "twins-only",
    setup(bundle) {
      bundle.onResolve({ filter: /^@fleet\// }, ({ path }) => ({ path: sources.get(path) }));
      bundle.onResolve({ filter: /^(etcd3|cockatiel|dbus-next)(\/|$)/ }, ({ path }) => ({
        path,
        namespace: "nothing",
      }));
      bundle.onLoad({ filter: /.*/, namespace: "nothing" }, () => ({ contents: "module.exports = {}" }));
    },
  };
  await build({
    entryPoints: [join(checkout, "packages/sim/src/index.ts")],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    sourcemap: "inline",
    // Sources that were copied have lost what their configuration extends; nothing in it matters to a bundle.
    tsconfigRaw: "{}",
    logLevel: "warning",
    plugins: [twinsOnly],
  });
  return outfile;
}
