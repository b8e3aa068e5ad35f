import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import type { Holder } from "./holder.js";

// The guard looks at the kernel's answer, not at what was asked for: a systemd in the root cgroup would move every
// process of the host.
const script = `
set -e
group=/sys/fs/cgroup$1
mkdir -p "$group"
echo 0 >"$group/cgroup.freeze"
echo $$ >"$group/cgroup.procs"
now=$(sed -n 's/^0:://p' /proc/self/cgroup)
case $now in *"$1") ;; *) echo "refused: in cgroup '$now', not in '$1'" >&2; exit 97;; esac
shift
exec "$@"
`;

/** Something that runs in the lab, whoever waits for it. */
export interface Launched {
  /** Its exit status, -1 for a signal; `undefined` while it runs. */
  exitStatus(): number | undefined;
}

/**
 * Starts a command in the lab's namespaces, in the cgroup of a part of it; it outlives this process.
 * @param group - Below the lab's cgroup: `e1`, `m1/switch`.
 * @param log - Takes what it prints, after what is there.
 */
export function launch(
  holder: Holder,
  group: string,
  command: readonly [string, ...string[]],
  log: string,
): Launched {
  const output = openSync(log, "a", 0o600);
  try {
    const [program, ...words] = holder.enter();
    const args = [...words, "sh", "-c", script, "fleet-machines", `${holder.cgroup}/${group}`, ...command];
    const child: ChildProcess = spawn(program, args, {
      detached: true,
      stdio: ["ignore", output, output],
      env: { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" },
    });
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
