// The programs of an older commit, for upgrades from there.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { checkout, SetupError } from "./setup.mjs";

function run(command, args, options) {
  const done = spawnSync(command, args, { encoding: "utf8", maxBuffer: 1 << 28, ...options });
  if (done.status === 0) return done.stdout;
  throw new SetupError(`${command} ${args.join(" ")}: ${String(done.stderr).trim()}`);
}

/** The modules of this checkout, but the commit's own packages. */
function linkModules(directory) {
  const modules = `${directory}/node_modules`;
  mkdirSync(`${modules}/@fleet`, { recursive: true });
  for (const name of readdirSync(`${checkout}/node_modules`))
    if (name !== "@fleet") symlinkSync(`${checkout}/node_modules/${name}`, `${modules}/${name}`);
  for (const name of readdirSync(`${directory}/packages`))
    symlinkSync(`../../packages/${name}`, `${modules}/@fleet/${name}`);
}

/** Builds the bundles of a commit beside this checkout's. @returns the directory that has them; it is kept for the next time. */
export async function buildOlder(revision, log) {
  const commit = run("git", ["rev-parse", "--verify", `${revision}^{commit}`], { cwd: checkout }).trim();
  const directory = `${checkout}/.cache/older/${commit}`;
  if (existsSync(`${directory}/packages/fleetd/dist/fleetd.mjs`)) return directory;
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  const archive = spawnSync("git", ["archive", commit], { cwd: checkout, maxBuffer: 1 << 28 });
  run("tar", ["-x", "-C", directory], { input: archive.stdout });
  linkModules(directory);
  log(`building ${commit.slice(0, 8)}`);
  run(process.execPath, ["scripts/build.mjs"], { cwd: directory });
  return directory;
}
