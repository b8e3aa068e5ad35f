// Makes this checkout and this host ready for the demo, the tests and the benchmarks: node modules, systemd, etcd.
// What is there already is left alone, and then nothing touches the network. Never starts a service.
//
//   node scripts/setup.mjs [--check]
//   node scripts/setup.mjs --sshd       only an sshd for the tests of ssh; prints where it is
//   node scripts/setup.mjs --terminals  only tmux, shells and groff for the tests of terminals
//   node scripts/setup.mjs --machines   only what full machines need (npm run lab); as root
//
// Plain JavaScript without dependencies, because it runs before there are any.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
} from "node:fs";
import { createServer } from "node:net";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** The checkout this file belongs to. */
export const checkout = dirname(dirname(fileURLToPath(import.meta.url)));

const nodeVersionMin = [20, 19];
// The registry needs etcd 3.4 or later.
const etcdVersionMin = [3, 4];
const standardPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const lockTimeoutMs = 10 * 60_000;

/** A failure whose message says what to do; callers print the message alone. */
export class SetupError extends Error {}

function isRoot() {
  return process.getuid?.() === 0;
}

/** Runs a command to its end: its status and what it said. Never throws for a status other than 0. */
function run(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
    let output = "";
    const collect = (part) => {
      output = (output + part).slice(-64 * 1024);
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    child.once("error", (error) => resolve({ code: -1, output: error.message }));
    child.once("close", (code) => resolve({ code: code ?? -1, output }));
  });
}

function lastLines(text, count = 6) {
  return text.trim().split("\n").slice(-count).join("\n");
}

function findProgram(name) {
  const places = `${process.env.PATH ?? ""}${delimiter}${standardPath}`.split(delimiter).filter(Boolean);
  return places.map((place) => join(place, name)).find((path) => isExecutable(path));
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function isAtLeast(version, min) {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > min[0] || (major === min[0] && minor >= min[1]);
}

// --- one at a time --------------------------------------------------------------------------------------------

/**
 * Runs `action` while no other setup of this user or of this checkout does. The lock is a socket in the abstract
 * namespace, which the kernel frees however its process ends.
 */
async function exclusively(log, action) {
  const servers = [];
  try {
    for (const what of [`user ${process.getuid?.()}`, `checkout ${checkout}`])
      servers.push(await takeLock(log, what));
    return await action();
  } finally {
    for (const server of servers) server.close();
  }
}

async function takeLock(log, what) {
  const name = `\0fleet-setup-${createHash("sha256").update(what).digest("hex").slice(0, 40)}`;
  const end = Date.now() + lockTimeoutMs;
  for (let attempt = 0; Date.now() < end; attempt++) {
    const server = createServer((socket) => socket.destroy());
    const taken = await new Promise((resolve, reject) => {
      server.once("error", (error) => (error.code === "EADDRINUSE" ? resolve(false) : reject(error)));
      server.listen(name, () => resolve(true));
    });
    if (taken) return server;
    if (attempt === 0) log("another setup is at work; waiting for it");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new SetupError("another setup has been at work for ten minutes: end it and try again");
}

// --- node modules ---------------------------------------------------------------------------------------------

/**
 * Says why the node modules are not those of package-lock.json; `undefined` if they are.
 * Compares what npm says it installed with what the lock file wants, so that file times do not matter.
 */
export function whyModulesAreStale(directory = checkout) {
  if (!existsSync(join(directory, "package-lock.json"))) return undefined;
  const installedPath = join(directory, "node_modules/.package-lock.json");
  if (!existsSync(installedPath)) return "not installed";
  const read = (path) => JSON.parse(readFileSync(path, "utf8")).packages;
  const installed = read(installedPath);
  for (const [path, wanted] of Object.entries(read(join(directory, "package-lock.json")))) {
    // Optional packages are left out on platforms that they are not for.
    if (!path.includes("node_modules/") || wanted.optional || wanted.devOptional || wanted.peer) continue;
    const found = installed[path];
    if (found === undefined) return `${path.replace(/^.*node_modules\//, "")} is missing`;
    if (found.version !== wanted.version)
      return `${path.replace(/^.*node_modules\//, "")} is ${found.version}, not ${wanted.version}`;
  }
  return undefined;
}

/** Installs the node modules if they are not there, or not those of the lock file. */
export async function ensureModules(options = {}) {
  const why = whyModulesAreStale();
  if (why === undefined) return "there";
  if (options.check) throw new SetupError(`node modules: ${why}. Run: npm ci`);
  const npm = findProgram("npm");
  if (npm === undefined)
    throw new SetupError("npm is not installed. Install Node.js with npm (Debian: apt-get install npm)");
  options.say?.(`npm ci (${why})`);
  const installed = await run(npm, ["ci", "--no-audit", "--no-fund"], { cwd: checkout });
  // npm puts its reason first, and pages of usage after it.
  const reasons = installed.output.split("\n").filter((line) => /^npm error ./.test(line));
  if (installed.code !== 0) throw new SetupError(`npm ci failed:\n${reasons.slice(0, 8).join("\n")}`);
  return `installed (${why})`;
}

// --- Debian packages ------------------------------------------------------------------------------------------

const aptOptions = ["-q", "-y", "-o", "DPkg::Lock::Timeout=120", "-o", "APT::Sandbox::User=root"];

// Services that a package would start are none of ours: runlevel 1 makes the packages' scripts leave them alone.
function aptEnvironment() {
  return { ...process.env, DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C", RUNLEVEL: "1" };
}

async function apt(args, options = {}) {
  const program = findProgram("apt-get");
  if (program === undefined) return { code: -1, output: "there is no apt-get on this host" };
  return await run(program, [...aptOptions, ...args], { env: aptEnvironment(), ...options });
}

/** What a lab needs from the distribution, as [program paths (any of them), packages (the first there is)]. */
const neededPrograms = [
  [["/usr/lib/systemd/systemd", "/lib/systemd/systemd"], ["systemd"]],
  [["systemctl"], ["systemd"]],
  [["dbus-daemon"], ["dbus-daemon", "dbus"]],
  [["unshare"], ["util-linux"]],
  [["nsenter"], ["util-linux"]],
];

/** What the tests of terminals need: tmux, each shell that there is completion for, and what shows manual pages. Nobody else does. */
const neededTerminals = [
  [["tmux"], ["tmux"]],
  [["bash"], ["bash"]],
  [["zsh"], ["zsh"]],
  [["fish"], ["fish"]],
  [["groff"], ["groff-base"]],
];

/** What full machines in containers need (test/lab). */
const neededMachines = [
  [["systemd-nspawn"], ["systemd-container"]],
  [["/usr/lib/systemd/system/dbus.service", "/lib/systemd/system/dbus.service"], ["dbus"]],
  [["ip"], ["iproute2"]],
  [["strace"], ["strace"]],
];

function isThere(program) {
  return program.startsWith("/") ? existsSync(program) : findProgram(program) !== undefined;
}

/** Installs systemd and D-Bus if they are not there: as root with apt-get; otherwise says what to run. */
export async function ensurePackages(options = {}) {
  return await ensurePrograms(neededPrograms, options);
}

/** Installs tmux, shells and groff for the tests of terminals if they are not there: as root; otherwise says what to run. */
export async function ensureTerminals(options = {}) {
  return await ensurePrograms(neededTerminals, options);
}

/** Installs what full machines need if it is not there: as root; otherwise says what to run. */
export async function ensureMachines(options = {}) {
  return await ensurePrograms(neededMachines, options);
}

/**
 * Makes sure that there is libfaketime, which lets one program's clock be wrong: the host's, or Debian's package
 * unpacked into a cache. @returns the path of the library.
 */
export async function ensureFakeClock(options = {}) {
  const cached = cacheDirectories().map((cache) => join(cache, "faketime"));
  const found = ["", ...cached].map(fakeClockIn).find((path) => path !== undefined);
  if (found !== undefined) return found;
  const advice = "To step clocks: as root, apt-get install libfaketime";
  if (options.check) throw new SetupError(`there is no libfaketime. ${advice}`);
  const [cache] = cacheDirectories();
  mkdirSync(cache, { recursive: true, mode: 0o755 });
  options.say?.(`downloading libfaketime to ${cache}`);
  await unpackPackages(cache, "faketime", ["libfaketime"], advice);
  return fakeClockIn(join(cache, "faketime"));
}

function fakeClockIn(root) {
  const parent = `${root}/usr/lib`;
  const types = existsSync(parent) ? readdirSync(parent).filter((name) => name.endsWith("-linux-gnu")) : [];
  const paths = types.map((type) => `${parent}/${type}/faketime/libfaketime.so.1`);
  return paths.find((path) => existsSync(path));
}

async function ensurePrograms(needed, options) {
  const missing = needed.filter(([programs]) => !programs.some(isThere)).map(([, packages]) => packages);
  if (missing.length === 0) return "there";
  const first = [...new Set(missing.map((packages) => packages[0]))];
  const advice = `install them as root: apt-get install ${first.join(" ")}`;
  if (options.check || !isRoot()) throw new SetupError(`missing: ${first.join(", ")}; ${advice}`);
  options.say?.(`apt-get install ${first.join(" ")}`);
  let failure = await installAny(missing);
  if (failure !== undefined) {
    const updated = await apt(["update"]);
    if (updated.code !== 0)
      throw new SetupError(`apt-get update failed; ${advice}\n${lastLines(updated.output)}`);
    failure = await installAny(missing);
  }
  if (failure !== undefined)
    throw new SetupError(`cannot install ${first.join(", ")}; ${advice}\n${lastLines(failure)}`);
  return `installed ${first.join(", ")}`;
}

// Old releases know dbus-daemon only as part of dbus, hence the second choice.
async function installAny(missing) {
  let said = "";
  for (const choice of [0, 1]) {
    const packages = [...new Set(missing.map((names) => names[choice] ?? names[0]))];
    const installed = await apt(["install", "--no-install-recommends", ...packages]);
    if (installed.code === 0) return undefined;
    said = installed.output;
  }
  return said;
}

// --- etcd -----------------------------------------------------------------------------------------------------

function cacheDirectories() {
  const user = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "fleet");
  return [user, join(checkout, ".cache")];
}

/** Finds an etcd of this host or of the caches: `FLEET_ETCD`, PATH, ~/.cache/fleet, .cache. `undefined` if none. */
export function findEtcd() {
  if (process.env.FLEET_ETCD) return process.env.FLEET_ETCD;
  const cached = cacheDirectories().map((cache) => join(cache, "etcd/usr/bin/etcd"));
  return findProgram("etcd") ?? cached.find((path) => isExecutable(path));
}

const etcdAdvice =
  "Install etcd 3.4 or later (Debian 12, Ubuntu 24.04 and later: apt-get install etcd-server), or set FLEET_ETCD to its path.";

async function etcdVersion(path) {
  const asked = await run(path, ["--version"]);
  return /etcd Version:\s*(\S+)/.exec(asked.output)?.[1];
}

async function checkEtcd(path) {
  const version = await etcdVersion(path);
  if (version === undefined) throw new SetupError(`${path} does not run. ${etcdAdvice}`);
  if (!isAtLeast(version, etcdVersionMin))
    throw new SetupError(`${path} is etcd ${version}, too old. ${etcdAdvice}`);
  return version;
}

/**
 * Makes sure that there is an etcd binary; unpacks Debian's package into a cache if there is none, which needs
 * no root and, unlike an installation, starts nothing. Returns its path and how it came to be there.
 */
export async function ensureEtcd(options = {}) {
  const found = findEtcd();
  if (found !== undefined) return { path: found, how: `${await checkEtcd(found)}, ${found}` };
  if (options.check) throw new SetupError(`there is no etcd. ${etcdAdvice}`);
  const problems = [];
  for (const cache of cacheDirectories()) {
    try {
      mkdirSync(cache, { recursive: true, mode: 0o755 });
    } catch (error) {
      problems.push(error.message);
      continue;
    }
    options.say?.(`downloading etcd-server to ${cache}`);
    await unpackPackages(cache, "etcd", ["etcd-server"], etcdAdvice);
    const path = join(cache, "etcd/usr/bin/etcd");
    return { path, how: `${await checkEtcd(path)}, unpacked to ${path}` };
  }
  throw new SetupError(`no place to keep etcd: ${problems.join("; ")}. ${etcdAdvice}`);
}

/** Unpacks Debian packages into `<cache>/<folder>`, which takes the place of what was there. Installs nothing. */
async function unpackPackages(cache, folder, packages, advice) {
  const work = mkdtempSync(join(cache, `${folder}-`));
  try {
    for (const name of packages) {
      const archive = await downloadPackage(name, work, advice);
      const unpacked = await run("dpkg", ["-x", archive, join(work, "root")]);
      if (unpacked.code !== 0)
        throw new SetupError(`dpkg -x failed: ${lastLines(unpacked.output)}\n${advice}`);
      rmSync(archive);
    }
    rmSync(join(cache, folder), { recursive: true, force: true });
    // Renamed in one step: nobody ever sees half of it.
    renameSync(join(work, "root"), join(cache, folder));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Downloads a package into `work`: with the host's package lists, else with fresh ones (one's own, if not root). */
async function downloadPackage(name, work, advice) {
  const own = [
    "-o",
    `Dir::State::lists=${work}/lists`,
    "-o",
    `Dir::Cache=${work}/apt`,
    "-o",
    "Debug::NoLocking=1",
  ];
  const fresh = isRoot() ? [] : own;
  mkdirSync(join(work, "lists/partial"), { recursive: true });
  mkdirSync(join(work, "apt/archives/partial"), { recursive: true });
  const attempts = [
    async () => await apt(["download", name], { cwd: work }),
    async () => {
      const updated = await apt([...fresh, "update"]);
      return updated.code === 0 ? await apt([...fresh, "download", name], { cwd: work }) : updated;
    },
  ];
  let said = "";
  for (const attempt of attempts) {
    const result = await attempt();
    const archive = readdirSync(work).find((file) => file.endsWith(".deb"));
    if (archive !== undefined) return join(work, archive);
    said = result.output;
  }
  throw new SetupError(`cannot download ${name}: ${lastLines(said)}\n${advice}`);
}

// --- sshd, for tests ------------------------------------------------------------------------------------------

const sshdAdvice =
  "The tests of ssh need OpenSSH's server: as root, apt-get install openssh-server (Debian starts it at once).";

/** The libraries that a program misses on this host. */
async function missingLibraries(program, libraries) {
  const asked = await run("ldd", [program], { env: { ...process.env, LD_LIBRARY_PATH: libraries } });
  return [...asked.output.matchAll(/^\s*(\S+) => not found$/gm)].map(([, library]) => library);
}

/**
 * Makes sure that there is an sshd for tests to run: the host's, or Debian's package unpacked into a cache. It is never
 * installed, because that would start it, now and whenever the host boots. Users of fleet need none of it.
 * @returns its path, and `LD_LIBRARY_PATH` for it; empty if it needs none.
 */
export async function ensureSshd(options = {}) {
  if (findProgram("ssh") === undefined || findProgram("ssh-keygen") === undefined)
    throw new SetupError("there is no ssh. As root: apt-get install openssh-client");
  const installed = findProgram("sshd");
  if (installed !== undefined) return { path: installed, libraries: "" };
  const cached = cacheDirectories().map((cache) => join(cache, "sshd"));
  const isUsable = async (root) => (await missingLibraries(sshdIn(root), librariesIn(root))).length === 0;
  for (const root of cached) {
    if (isExecutable(sshdIn(root)) && (await isUsable(root)))
      return { path: sshdIn(root), libraries: librariesIn(root) };
  }
  if (options.check) throw new SetupError(`there is no sshd. ${sshdAdvice}`);
  const [cache] = cacheDirectories();
  mkdirSync(cache, { recursive: true, mode: 0o755 });
  const root = join(cache, "sshd");
  // The one library of its package that hosts without it tend not to have; others come with ssh itself.
  await unpackPackages(cache, "sshd", ["openssh-server", "libwrap0"], sshdAdvice);
  if (!(await isUsable(root))) {
    const missing = await missingLibraries(sshdIn(root), librariesIn(root));
    throw new SetupError(`the unpacked sshd misses ${missing.join(", ")}. ${sshdAdvice}`);
  }
  return { path: sshdIn(root), libraries: librariesIn(root) };
}

const sshdIn = (root) => join(root, "usr/sbin/sshd");

/** The directories of shared libraries of an unpacked package: Debian's have the machine's type in their names. */
function librariesIn(root) {
  const parents = ["lib", "usr/lib"]
    .map((parent) => join(root, parent))
    .filter((parent) => existsSync(parent));
  const found = parents.flatMap((parent) => readdirSync(parent).map((name) => join(parent, name)));
  return found.filter((directory) => directory.endsWith("-linux-gnu")).join(":");
}

// --- all together ---------------------------------------------------------------------------------------------

function checkNode() {
  if (isAtLeast(process.versions.node, nodeVersionMin)) return `v${process.versions.node}`;
  throw new SetupError(
    `Node.js ${nodeVersionMin.join(".")} or later is needed; this is ${process.versions.node}`,
  );
}

/**
 * Does what is needed of all steps, each with a line of progress and its seconds.
 * @param options `log` gets each line (default: standard error); `check` changes nothing and fails at the first
 *   lack; `modules`, `packages` and `etcd` can be false to leave a step out.
 * @returns `etcd`: the path of the binary (if not left out).
 * @throws {SetupError} with what to do, if something cannot be had.
 */
export async function setup(options = {}) {
  const log = options.log ?? ((line) => process.stderr.write(`${line}\n`));
  let etcd;
  const steps = [
    ["node", true, async () => checkNode()],
    ["node modules", options.modules !== false, ensureModules],
    ["systemd and D-Bus", options.packages !== false, ensurePackages],
    [
      "etcd",
      options.etcd !== false,
      async (stepOptions) => {
        const { path, how } = await ensureEtcd(stepOptions);
        etcd = path;
        return how;
      },
    ],
  ].filter(([, wanted]) => wanted);
  await exclusively(log, async () => {
    for (const [index, [name, , step]] of steps.entries()) {
      const title = `[${index + 1}/${steps.length}] ${name}`;
      const startedMs = performance.now();
      const result = await step({ check: options.check, say: (what) => log(`${title}: ${what} ...`) });
      const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
      log(`${title}: ${result} (${seconds} s)`);
    }
  });
  return { etcd };
}

async function main(args) {
  const unknown = args.find((arg) => !["--check", "--sshd", "--terminals", "--machines"].includes(arg));
  if (unknown !== undefined)
    throw new SetupError(
      `unknown argument ${unknown}; usage: node scripts/setup.mjs [--check] [--sshd | --terminals | --machines]`,
    );
  const check = args.includes("--check");
  const log = (line) => process.stderr.write(`${line}\n`);
  if (args.includes("--sshd")) {
    const sshd = await exclusively(log, async () => await ensureSshd({ check }));
    process.stdout.write(`${JSON.stringify(sshd)}\n`);
  } else if (args.includes("--machines"))
    await exclusively(log, async () => await ensureMachines({ check, say: log }));
  else if (args.includes("--terminals"))
    await exclusively(log, async () => await ensureTerminals({ check, say: log }));
  else await setup({ check });
}

if (process.argv[1] && import.meta.url === pathToFileURL(realpathSync(process.argv[1])).href) {
  try {
    await main(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    process.stderr.write(`setup: ${error.message}\n`);
    process.exitCode = 1;
  }
}
