// One process keeps the lab's mount and network namespaces: what is mounted and every link between machines live in
// them and end with the last process in them. Outside, a lab has a cgroup and a directory, and nothing else.
import { type ChildProcess, spawn } from "node:child_process";
import {
  identifyProcess,
  isAlive,
  killGroup,
  LabError,
  type ProcessIdentity,
  removeGroup,
  runCommand,
  runOrThrow,
  until,
} from "@fleet/lab";
import { bridgeAddress, bridgeHardwareAddress, bridgeName } from "./network.js";

const timeoutMs = 15_000;
const path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// Arguments: the lab's cgroup ("" for the one it is started in), its directory. Standard input is a pipe from the
// owner: the line "release" lets the lab live on; its end without it means that the owner died, and the lab goes too.
// The holder has a group of its own beside the machines' groups, so that no group holds both processes and groups.
const holderScript = `
set -e
cgroup=$1 directory=$2
before=$(sed -n 's/^0:://p' /proc/self/cgroup)
[ -n "$cgroup" ] || cgroup=$before
umount -R /sys/fs/cgroup 2>/dev/null || true
mount -t cgroup2 none /sys/fs/cgroup
group=/sys/fs/cgroup$cgroup
mkdir -p "$group/host"
echo $$ >"$group/host/cgroup.procs"
mkdir -p "$directory/disk" /run/netns
mount -t tmpfs -o mode=755,size=50% fleet-machines "$directory/disk"
mkdir "$directory/disk/shared"
mount -t tmpfs fleet-machines /run/netns
ip link set lo up
ip link add ${bridgeName} address ${bridgeHardwareAddress} type bridge forward_delay 0
ip addr add ${bridgeAddress} dev ${bridgeName}
ip link set ${bridgeName} up
cd /
echo "ready $cgroup"
exec >/dev/null 2>&1
word=
read -r word || true
[ "$word" != release ] || exec sleep infinity </dev/null
set +e
for child in "$group"/*/; do
  [ "$child" = "$group/host/" ] && continue
  echo 1 >"$child/cgroup.kill"
  until grep -q 'populated 0' "$child/cgroup.events"; do sleep 0.05; done
  find "$child" -depth -type d -exec rmdir {} +
done
umount -R -l "$directory/disk"
echo $$ >"/sys/fs/cgroup$before/cgroup.procs"
parent=$(dirname "$group")
rmdir "$group/host" "$group" "$parent"
[ ! -f "$directory/state.json" ] || rm -rf --one-file-system "$directory"
rmdir "$(dirname "$directory")"
`;

/** The live holder of a lab. */
export class Holder {
  readonly identity: ProcessIdentity;
  /** The lab's cgroup, from the root of the hierarchy. */
  readonly cgroup: string;
  readonly #service: string | undefined;
  readonly #process: ChildProcess | undefined;

  private constructor(
    identity: ProcessIdentity,
    cgroup: string,
    service: string | undefined,
    process?: ChildProcess,
  ) {
    this.identity = identity;
    this.cgroup = cgroup;
    this.#service = service;
    this.#process = process;
  }

  /**
   * Makes the namespaces.
   * @param service - Run it as this transient unit of the host's systemd, to which the whole lab then belongs: on a host
   *   that was booted with systemd, all cgroups are its own. Absent: `cgroup` is made at the root of the hierarchy.
   * @throws {LabError} `missing` if this host forbids it.
   */
  static async open(options: { cgroup: string; directory: string; service?: string }): Promise<Holder> {
    const unshare = ["unshare", "--mount", "--net", "--propagation", "private", "--"];
    // systemd expands variables in the command of a service.
    const text = options.service === undefined ? holderScript : holderScript.replaceAll("$", "$$$$");
    const script = ["sh", "-c", text, "fleet-machines"];
    const systemdRun =
      options.service === undefined
        ? []
        : [
            ...["systemd-run", "--quiet", "--collect", "--pipe", "--wait", `--unit=${options.service}`],
            "--description=full machines for trying fleet",
            ...["-p", "Delegate=yes", "-p", "KillMode=control-group", "-p", "TimeoutStopSec=5"],
          ];
    const own = options.service === undefined ? options.cgroup : "";
    const [program = "", ...args] = [...systemdRun, ...unshare, ...script, own, options.directory];
    const child = spawn(program, args, {
      detached: true,
      stdio: ["pipe", "pipe", "pipe"],
      env: { PATH: path },
    });
    const said = await greeting(child);
    for (const stream of [child.stdin, child.stdout, child.stderr]) {
      (stream as unknown as { unref(): void }).unref();
    }
    // An owner that ends closes the pipe; a write after the holder's end must not end the owner.
    child.stdin.on("error", () => undefined);
    child.unref();
    const pid = options.service === undefined ? child.pid : await mainPid(options.service);
    const identity = pid === undefined ? undefined : identifyProcess(pid);
    if (identity === undefined) throw new LabError("failed", "the lab's namespaces are gone already");
    return new Holder(identity, said, options.service, child);
  }

  /** Takes up the holder that another process started; `undefined` if it is gone. */
  static attach(identity: ProcessIdentity, cgroup: string, service: string | undefined): Holder | undefined {
    return isAlive(identity) ? new Holder(identity, cgroup, service) : undefined;
  }

  /** Where this process sees a file that is in the lab's mount namespace. */
  see(file: string): string {
    return `/proc/${this.identity.pid}/root${file}`;
  }

  /** Where this process sees the cgroup of a part of the lab (`m1`, `e1`); without a name, that of the whole lab. */
  group(part = ""): string {
    return this.see(`/sys/fs/cgroup${this.cgroup}${part === "" ? "" : `/${part}`}`);
  }

  /** The words that run a command in the lab's namespaces. */
  enter(): [string, ...string[]] {
    return ["nsenter", "-t", String(this.identity.pid), "-m", "-n", "--"];
  }

  /**
   * Runs a shell script in the lab's namespaces; `args` are `$1` and so on.
   * @throws {LabError} `failed` with its own words if its status is not 0.
   */
  async run(script: string, ...args: readonly string[]): Promise<string> {
    const [program, ...words] = this.enter();
    return await runOrThrow([program, ...words, "sh", "-ec", script, "fleet-machines", ...args], {
      environment: { PATH: path, LC_ALL: "C" },
    });
  }

  /** Lets the lab live on after this process. */
  async release(): Promise<void> {
    const stdin = this.#process?.stdin;
    if (!stdin) return;
    await new Promise<void>((resolve, reject) => {
      stdin.end("release\n", (error?: Error | null) => (error ? reject(error) : resolve()));
    });
    // Until the holder has read the line our end could still be taken for a death.
    await until("the lab's holder to let go", { timeoutMs, everyMs: 2 }, async () => {
      const comm = await runCommand(["cat", `/proc/${this.identity.pid}/comm`]);
      return comm.stdout.trim() === "sleep";
    });
  }

  /** Ends every process of the lab, the holder last, and removes its cgroup. */
  async close(): Promise<void> {
    const group = this.group();
    const parts = await runCommand(["ls", group]);
    for (const part of parts.stdout.split("\n")) {
      // Files of the kernel have a dot in their names, parts of a lab do not.
      if (part === "" || part === "host" || part.includes(".")) continue;
      await killGroup(this.group(part));
      await removeGroup(this.group(part));
    }
    // Its own systemd removes the groups of a service; elsewhere the holder has to be out of its group first.
    if (this.#service === undefined) {
      await this.run('echo "$1" >/sys/fs/cgroup/cgroup.procs', String(this.identity.pid));
      await removeGroup(group);
      // The parent is shared with other labs, and stays while one of them needs it.
      await this.run('rmdir "/sys/fs/cgroup$(dirname "$1")" 2>/dev/null || true', this.cgroup);
    }
    // A service that is killed has failed; one that is stopped is gone with its name.
    if (this.#service === undefined) process.kill(this.identity.pid, "SIGKILL");
    else await runCommand(["systemctl", "stop", this.#service]);
    await until("the end of the lab's holder", { timeoutMs, everyMs: 2 }, () => !isAlive(this.identity));
  }
}

async function greeting(child: ChildProcess): Promise<string> {
  let said = "";
  let complaint = "";
  let status: number | undefined;
  child.stdout?.on("data", (text: Buffer) => {
    said += text.toString();
  });
  child.stderr?.on("data", (text: Buffer) => {
    complaint += text.toString();
  });
  child.once("error", (error) => {
    complaint += error.message;
    status = -1;
  });
  child.once("exit", (code) => {
    status = code ?? -1;
  });
  await until(
    "the lab's namespaces",
    { timeoutMs, everyMs: 2 },
    () => said.includes("\n") || status !== undefined,
  );
  const cgroup = /^ready (\/.*)$/m.exec(said)?.[1];
  if (cgroup !== undefined) return cgroup;
  throw new LabError("missing", `cannot make the lab's namespaces: ${complaint.trim()}`, {
    hint: "Root needs the right to mount and to make networks (CAP_SYS_ADMIN, CAP_NET_ADMIN): run the container privileged, or use a virtual machine.",
  });
}

async function mainPid(service: string): Promise<number | undefined> {
  const asked = await runCommand(["systemctl", "show", "--value", "-p", "MainPID", service]);
  const pid = Number(asked.stdout.trim());
  return pid > 0 ? pid : undefined;
}
