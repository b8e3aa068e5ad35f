import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { LabError, lockName, runCommand, withLock } from "@fleet/lab";
import { listLabs } from "../lab.js";
import { findProgram } from "../preflight.js";
import { mirrorOfHost } from "./mirror.js";
import {
  files,
  imageName,
  imagePackages,
  imageSuite,
  importScript,
  packages,
  recipeKey,
  suite,
} from "./recipe.js";

/** How the tree is had. */
export interface TreeOptions {
  /** Where trees are kept. */
  readonly cache: string;
  /** A mirror of Debian; `undefined` for the one that this host's apt uses. */
  readonly mirror: string | undefined;
  /** Where the older release is, of which the image is made; `undefined` for the same mirror. */
  readonly olderMirror: string | undefined;
  readonly signal: AbortSignal;
  readonly progress: (line: string) => void;
}

const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
const workPrefix = "work-";
const timeoutMs = 20 * 60_000;
const space = "It needs 1 GB of disk, and some minutes the first time.";

/**
 * The tree that the machines of the seed case are laid over; made if it is not in the cache. It is all there or not there
 * at all. Trees of other recipes are removed from the cache when no lab is up.
 * @throws {LabError} `missing` if a program or the mirror cannot be had, `failed` with mmdebstrap's or podman's words.
 */
export async function ensureTree(options: TreeOptions): Promise<string> {
  const { cache, signal, progress } = options;
  const tree = join(cache, recipeKey());
  mkdirSync(cache, { recursive: true, mode: 0o755 });
  return await withLock(lockName(cache, "tree"), signal, async () => {
    if (existsSync(tree)) return tree;
    for (const name of readdirSync(cache)) {
      // Machines of a lab may run over an older tree.
      if (name.startsWith(workPrefix) || listLabs().length === 0) remove(join(cache, name));
    }
    const work = mkdtempSync(join(cache, workPrefix));
    try {
      progress(`making a Debian tree in ${cache}. ${space}`);
      const made = await makeTree(work, options);
      // Renamed in one step: nobody ever takes half of it.
      renameSync(made, tree);
    } finally {
      remove(work);
    }
    return tree;
  });
}

// What was interrupted may be writing for a moment longer.
function remove(directory: string): void {
  rmSync(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
}

async function makeTree(work: string, options: TreeOptions): Promise<string> {
  checkPrograms();
  const { signal, progress } = options;
  const mirror = options.mirror ?? (await mirrorOfHost());
  const image = join(work, "image");
  const tree = join(work, "tree");
  progress(`downloading ${imagePackages.join(" ")} of ${imageSuite}`);
  await bootstrap(["--variant=extract", `--include=${imagePackages.join(",")}`, imageSuite, image], {
    mirror: options.olderMirror ?? mirror,
    hint: `Is the mirror reachable from here? If it has no ${imageSuite} any more, name one that has: --older-mirror URL`,
    signal,
  });
  progress(`downloading and installing ${suite} with podman`);
  await bootstrap(["--variant=minbase", `--include=${packages.join(",")}`, suite, tree], {
    mirror,
    hint: "Is the mirror reachable from here? Another one: --mirror URL",
    signal,
  });
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(tree, name)), { recursive: true });
    writeFileSync(join(tree, name), text);
  }
  progress(`making the image ${imageName}`);
  await inOwnNamespaces(["sh", "-ec", importScript, "import", tree, image, imageName], { signal });
  return tree;
}

function checkPrograms(): void {
  const needed = { mmdebstrap: "mmdebstrap", unshare: "util-linux", chroot: "coreutils", tar: "tar" };
  for (const [program, debianPackage] of Object.entries(needed)) {
    if (findProgram(program) !== undefined) continue;
    throw new LabError("missing", `there is no ${program}`, { hint: `apt-get install ${debianPackage}` });
  }
  if (!existsSync(keyring)) {
    throw new LabError("missing", "there are no keys to check Debian's packages with", {
      hint: "apt-get install debian-archive-keyring",
    });
  }
}

async function bootstrap(
  words: readonly string[],
  options: { readonly mirror: string; readonly hint: string; readonly signal: AbortSignal },
): Promise<void> {
  const { mirror, hint, signal } = options;
  const source = `deb [signed-by=${keyring}] ${mirror} ${words.at(-2)} main`;
  await inOwnNamespaces(["mmdebstrap", "--mode=root", ...words, source], { hint, signal });
}

/** Runs a command whose mounts and processes end with it, however it ends, and are seen by nobody else. */
async function inOwnNamespaces(
  command: readonly [string, ...string[]],
  options: { readonly hint?: string; readonly signal: AbortSignal },
): Promise<void> {
  const unshare = ["--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--mount-proc"];
  const result = await runCommand(["unshare", ...unshare, "--", ...command], {
    timeoutMs,
    signal: options.signal,
    environment: { ...environment(), LC_ALL: "C.UTF-8" },
  });
  if (result.code === 0) return;
  const said = result.stderr.trim().split("\n").slice(-6).join("\n");
  throw new LabError("failed", `${command[0] === "sh" ? "podman" : command[0]} failed: ${said}`, {
    ...(options.hint === undefined ? {} : { hint: options.hint }),
  });
}

// A proxy that this host needs is told by the environment.
function environment(): Readonly<Record<string, string>> {
  const kept = Object.entries(process.env).filter(([name]) => /^(https?|no)_proxy$/i.test(name));
  return {
    PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    HOME: "/root",
    ...Object.fromEntries(kept.map(([name, value]) => [name, value ?? ""])),
  };
}
