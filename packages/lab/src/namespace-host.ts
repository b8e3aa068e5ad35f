// Root on a host that was not booted with systemd. One holder process keeps a private mount namespace with a
// cgroup2 mount in it; nothing is mounted outside.
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, openSync } from "node:fs";
import { rmdir } from "node:fs/promises";
import { join } from "node:path";
import { removeGroup } from "./cgroup.js";
import { until } from "./clock.js";
import { runOrThrow, standardPath } from "./command.js";
import type { Host, Launched } from "./host.js";
import { LabError } from "./lab-error.js";
import { identifyProcess, isAlive, type ProcessIdentity } from "./process-identity.js";

const holderTimeoutMs = 10_000;

// Arguments: cgroup, the lab's directory, a place for /run. Standard input is a pipe from the owner: a line
// "release" lets the lab live on; the pipe's end without it means that the owner died, and the lab goes with it.
const holderScript = `
set -e
cgroup=$1 directory=$2 run=$3
umount -R /sys/fs/cgroup 2>/dev/null || true
mount -t cgroup2 none /sys/fs/cgroup
group=/sys/fs/cgroup$cgroup
mkdir -p "$group" "$run"
mount -t tmpfs -o mode=755 none "$run"
mkdir -p "$run/systemd/system"
case $directory in /run/*)
  mkdir -p "$run/\${directory#/run/}"
  mount --bind "$directory" "$run/\${directory#/run/}";;
esac
mount --rbind "$run" /run
cd /
echo ready
exec >/dev/null 2>&1
word=
read -r word || true
[ "$word" = release ] || {
  set +e
  if [ -e "$group/cgroup.kill" ]; then echo 1 >"$group/cgroup.kill"
  else find "$group" -name cgroup.procs -exec cat {} + | xargs -r kill -9; fi
  until grep -q 'populated 0' "$group/cgroup.events"; do sleep 0.05; done
  find "$group" -depth -type d -exec rmdir {} +
  exit
}
exec sleep infinity </dev/null
`;

// The guard looks at the kernel's answer, not at what was asked for: a manager in the root cgroup would move
// every process of the host.
const launchScript = `
set -e
group=/sys/fs/cgroup$1
mkdir -p "$group"
echo 0 >"$group/cgroup.freeze"
echo $$ >"$group/cgroup.procs"
now=$(sed -n 's/^0:://p' /proc/self/cgroup)
case $now in *"$1") ;; *) echo "refused: in cgroup '$now', not in '$1'" >&2; exit 97;; esac
exec sh "$2" </dev/null
`;

/** The way for root without systemd as PID 1. */
export class NamespaceHost implements Host {
  readonly cgroup: string;
  readonly holder: ProcessIdentity;
  readonly #process: ChildProcess | undefined;

  private constructor(cgroup: string, holder: ProcessIdentity, process?: ChildProcess) {
    this.cgroup = cgroup;
    this.holder = holder;
    this.#process = process;
  }

  /** The cgroup of a lab: two users, and two labs of one, have different ones. */
  static cgroupOf(uid: number, lab: string): string {
    return `/fleet-lab/${uid}-${lab}`;
  }

  /**
   * Makes the namespace.
   * @throws {LabError} `missing` if this host forbids it.
   */
  static async open(cgroup: string, directory: string, dataDirectory: string): Promise<NamespaceHost> {
    const runDirectory = join(dataDirectory, "run");
    const child = spawn(
      "unshare",
      [
        "--mount",
        "--propagation",
        "private",
        "--",
        "sh",
        "-c",
        holderScript,
        "fleet-lab",
        cgroup,
        directory,
        runDirectory,
      ],
      { detached: true, stdio: ["pipe", "pipe", "pipe"], env: { PATH: standardPath } },
    );
    let said = "";
    let ready = false;
    let status: number | undefined;
    child.stdout.on("data", (text: Buffer) => {
      ready ||= text.includes("ready");
    });
    child.stderr.on("data", (text: Buffer) => {
      said += text.toString();
    });
    child.once("error", (error) => {
      said += error.message;
      status = -1;
    });
    child.once("exit", (code) => {
      status = code ?? -1;
    });
    await until(
      "the lab's mount namespace",
      { timeoutMs: holderTimeoutMs, everyMs: 2 },
      () => ready || status !== undefined,
    );
    if (!ready) {
      throw new LabError("missing", `cannot make a private mount namespace with cgroup2: ${said.trim()}`, {
        hint: "Root needs the right to mount (CAP_SYS_ADMIN): run the container privileged, or use a virtual machine.",
      });
    }
    for (const stream of [child.stdin, child.stdout, child.stderr]) {
      (stream as unknown as { unref(): void }).unref();
    }
    // An owner that ends closes the pipe; a write after the holder's end must not end the owner.
    child.stdin.on("error", () => undefined);
    child.unref();
    const holder = child.pid === undefined ? undefined : identifyProcess(child.pid);
    if (holder === undefined) throw new LabError("failed", "the lab's mount namespace is gone already");
    return new NamespaceHost(cgroup, holder, child);
  }

  /** Takes up the namespace of another process's lab; `undefined` if it is gone. */
  static attach(cgroup: string, holder: ProcessIdentity | undefined): NamespaceHost | undefined {
    return holder && isAlive(holder) ? new NamespaceHost(cgroup, holder) : undefined;
  }

  root(): string {
    return `/proc/${this.holder.pid}/root/sys/fs/cgroup${this.cgroup}`;
  }

  group(name: string): string {
    return join(this.root(), name);
  }

  async launch(
    name: string,
    script: string,
    log: string,
    _notifies: boolean,
    signal?: AbortSignal,
  ): Promise<Launched> {
    signal?.throwIfAborted();
    const output = openSync(log, "a", 0o600);
    try {
      const child = spawn(
        "nsenter",
        [
          "-t",
          String(this.holder.pid),
          "-m",
          "--",
          "sh",
          "-c",
          launchScript,
          "fleet-lab",
          `${this.cgroup}/${name}`,
          script,
        ],
        { detached: true, stdio: ["ignore", output, output], env: { PATH: standardPath } },
      );
      let status: number | undefined;
      child.once("error", () => {
        status = -1;
      });
      child.once("exit", (code) => {
        status = code ?? -1;
      });
      child.unref();
      return { exitStatus: () => status };
    } finally {
      closeSync(output);
    }
  }

  async release(): Promise<void> {
    const stdin = this.#process?.stdin;
    if (!stdin) return;
    await new Promise<void>((resolve, reject) => {
      stdin.end("release\n", (error?: Error | null) => (error ? reject(error) : resolve()));
    });
    // Until the holder has read the line our end could still be taken for a death.
    await until("the lab's holder to let go", { timeoutMs: holderTimeoutMs, everyMs: 2 }, () =>
      runOrThrow(["cat", `/proc/${this.holder.pid}/comm`]).then((name) => name.trim() === "sleep"),
    );
  }

  async close(): Promise<void> {
    await removeGroup(this.root());
    // The parent is shared with other labs, and stays while one of them needs it.
    await rmdir(join(this.root(), "..")).catch(() => undefined);
    if (isAlive(this.holder)) process.kill(this.holder.pid, "SIGKILL");
    await until(
      "the end of the lab's holder",
      { timeoutMs: holderTimeoutMs, everyMs: 2 },
      () => !isAlive(this.holder),
    );
  }
}

/** Whether a mount namespace of this kind could be made here at all; for the preflight. */
export function hasNamespaceTools(): boolean {
  return existsSync("/usr/bin/unshare") && existsSync("/usr/bin/nsenter");
}
