// What a run of many seeds leaves behind, and how somebody else can check it.
import { execFileSync } from "node:child_process";
import { createHash, randomInt } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SetupError } from "./setup.mjs";

/** Digests are kept for so many seeds together. */
const blockSize = 1_000;

/** Whatever a simulated world is made of. */
const code = ["core", "engine", "agent", "registry", "fleetd", "sim"].map((name) => `packages/${name}/src`);

function git(checkout, ...args) {
  return execFileSync("git", args, { cwd: checkout, encoding: "utf8" }).trim();
}

function isAsCommitted(checkout, commit) {
  const sources = [...code, ":(exclude)*.test.ts"];
  return (
    git(checkout, "diff", "--name-only", commit, "--", ...sources) === "" &&
    git(checkout, "ls-files", "--others", "--exclude-standard", "--", ...sources) === ""
  );
}

/** Collects the outcomes of seeds. */
export function collectEvidence({ checkout, config, first, last }) {
  const digests = new Map();
  const faults = {};
  const violations = [];
  let virtualMs = 0;
  let events = 0;
  return {
    add(outcome) {
      digests.set(outcome.seed, outcome.digest);
      virtualMs += outcome.virtualMs;
      events += outcome.events;
      for (const [kind, count] of Object.entries(outcome.faults)) faults[kind] = (faults[kind] ?? 0) + count;
      if (outcome.violation !== undefined) violations.push({ seed: outcome.seed, ...outcome.violation });
    },
    report(seconds, jobs) {
      const commit = git(checkout, "rev-parse", "HEAD");
      return {
        commit,
        codeChangedSinceCommit: !isAsCommitted(checkout, commit),
        node: process.version,
        config,
        seeds: { first, last },
        violations: violations.sort((a, b) => a.seed - b.seed),
        virtualHours: Math.round(virtualMs / 360_000) / 10,
        events,
        seconds: Math.round(seconds),
        msPerSeed: Math.round((1000 * seconds * Math.min(jobs, digests.size)) / digests.size),
        faults: Object.fromEntries(Object.entries(faults).sort(([a], [b]) => (a < b ? -1 : 1))),
        blocks: blocksOf(digests, first, last),
      };
    },
  };
}

function blocksOf(digests, first, last) {
  const blocks = [];
  for (let from = first; from <= last; from += blockSize) {
    const to = Math.min(from + blockSize - 1, last);
    const hash = createHash("sha256");
    for (let seed = from; seed <= to; seed += 1) hash.update(`${seed} ${digests.get(seed)}\n`);
    blocks.push({ from, to, digest: hash.digest("hex").slice(0, 32) });
  }
  return blocks;
}

/** Reads what a run with `--json` has printed. */
function readEvidence(path) {
  let evidence;
  try {
    evidence = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new SetupError(`cannot read the evidence: ${error.message}`);
  }
  const isEvidence = /^[0-9a-f]{40}$/.test(evidence?.commit) && Array.isArray(evidence.blocks);
  if (!isEvidence)
    throw new SetupError(`${path} is no report of npm run --silent sim -- --seeds 1..1000 --json`);
  return evidence;
}

/** Makes one report of those of runs that follow upon each other. @throws {SetupError} if they do not belong together. */
export function mergeEvidence(paths) {
  const parts = paths.map((path) => ({ path, ...readEvidence(path) }));
  parts.sort((a, b) => a.seeds.first - b.seeds.first);
  const [head] = parts;
  for (const [index, part] of parts.entries()) {
    const before = parts[index - 1] ?? part;
    for (const what of ["commit", "codeChangedSinceCommit", "node", "config"]) {
      if (JSON.stringify(part[what]) !== JSON.stringify(head[what]))
        throw new SetupError(`${part.path} and ${head.path} differ in ${what}`);
    }
    if (before !== part && part.seeds.first !== before.seeds.last + 1)
      throw new SetupError(`${part.path} does not begin where ${before.path} ends`);
  }
  const sum = (what) => parts.reduce((total, part) => total + part[what], 0);
  const seconds = sum("seconds");
  const seeds = { first: head.seeds.first, last: parts.at(-1).seeds.last };
  const played = seeds.last - seeds.first + 1;
  const spentMs = parts.reduce(
    (ms, part) => ms + part.msPerSeed * (part.seeds.last - part.seeds.first + 1),
    0,
  );
  const faults = {};
  for (const part of parts)
    for (const [kind, count] of Object.entries(part.faults)) faults[kind] = (faults[kind] ?? 0) + count;
  const { commit, codeChangedSinceCommit, node, config } = head;
  return {
    ...{ commit, codeChangedSinceCommit, node, config, seeds },
    violations: parts.flatMap(({ violations }) => violations),
    virtualHours: Math.round(sum("virtualHours") * 10) / 10,
    events: sum("events"),
    seconds,
    msPerSeed: Math.round(spentMs / played),
    faults: Object.fromEntries(Object.entries(faults).sort(([a], [b]) => (a < b ? -1 : 1))),
    blocks: parts.flatMap(({ blocks }) => blocks),
  };
}

/** Plays a random sample of an evidence file's seeds again and compares the digests. @returns the exit code. */
export async function verifyEvidence({ checkout, verify, sample, jobs, signal }) {
  const evidence = readEvidence(verify);
  const blocks = [...evidence.blocks];
  while (blocks.length > sample) blocks.splice(randomInt(blocks.length), 1);
  const { directory, remove } = checkOut(checkout, evidence.commit);
  try {
    const { bundleSimulation } = await import("./bundle-sim.mjs");
    const { playSeeds } = await import("./sim-pool.mjs");
    const bundle = await bundleSimulation(directory, join(directory, "packages/sim/dist/sim-evidence.mjs"));
    let isSame = true;
    for (const { from, to, digest } of blocks) {
      const digests = new Map();
      const seeds = Array.from({ length: to - from + 1 }, (_, index) => from + index);
      await playSeeds({ bundle, seeds, config: evidence.config, jobs, signal }, ({ seed, digest: found }) => {
        digests.set(seed, found);
      });
      const found = blocksOf(digests, from, to)[0].digest;
      console.log(`${from}..${to}: ${found} ${found === digest ? "as recorded" : `recorded was ${digest}`}`);
      isSame &&= found === digest;
    }
    return isSame ? 0 : 1;
  } finally {
    remove();
  }
}

/** The checkout itself if its code is that of the commit; else one of the commit, for the time being. */
function checkOut(checkout, commit) {
  if (isAsCommitted(checkout, commit)) return { directory: checkout, remove: () => {} };
  console.log(`the code has changed since ${commit.slice(0, 9)}: playing with the code of then`);
  const directory = mkdtempSync(join(tmpdir(), "fleet-sim-"));
  git(checkout, "worktree", "add", "--detach", "--force", directory, commit);
  symlinkSync(join(checkout, "node_modules"), join(directory, "node_modules"));
  return {
    directory,
    remove: () => {
      git(checkout, "worktree", "remove", "--force", directory);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
