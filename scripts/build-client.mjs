// Makes what others import: `@fleet/client`, and `@fleet/core` under it, as JavaScript with declarations. Everything inside
// fleet itself is bundled or run from the sources, and needs none of it.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build as translate } from "esbuild";
import { SetupError } from "./setup.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const packages = ["core", "client"];

/** What only tests import is not for others. */
function sourcesOf(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /(?<!\.test|\.d)\.ts$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.includes("/testing/"));
}

/**
 * Writes `dist` of the packages that others import.
 * @param {{ log?: (line: string) => void }} [options]
 * @throws {SetupError} if a source is wrong; the compiler has then printed what.
 */
export async function buildClient({ log = console.log } = {}) {
  const startedAt = performance.now();
  for (const name of packages) {
    const source = join(root, "packages", name, "src");
    await translate({
      absWorkingDir: root,
      entryPoints: sourcesOf(source),
      outbase: source,
      outdir: join(root, "packages", name, "dist"),
      bundle: false,
      platform: "node",
      format: "esm",
      target: "node20.19",
      logLevel: "warning",
    });
  }
  // The declarations are those of the type check.
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  const projects = ["packages/core/src/ports", "packages/client"];
  const { status } = spawnSync(process.execPath, [compiler, "-b", ...projects], {
    cwd: root,
    stdio: "inherit",
  });
  if (status !== 0) throw new SetupError("not built: the declarations of client");
  log(`client: built in ${Math.round(performance.now() - startedAt)} ms`);
}
