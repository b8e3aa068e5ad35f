// A full disk, and a slow one.
import { killGroup, LabError, pidsIn, until } from "@fleet/lab";
import type { MachineLab } from "../lab.js";
import { launch } from "../launch.js";
import { machinePlaces } from "../paths.js";
import { findProgram } from "../preflight.js";

const attachTimeoutMs = 10_000;

/** Fills the file system of fleetd's state directory to the last byte, or takes away what filled it. */
export async function fillDisk(lab: MachineLab, machine: string, full: boolean): Promise<void> {
  const filler = `${machinePlaces(lab.paths, machine).state}/filler`;
  const script = full ? 'dd if=/dev/zero of="$1" bs=64k 2>/dev/null || true' : 'rm -f "$1"';
  await lab.holder.run(script, filler);
}

/**
 * Makes an etcd member's disk slow: each of its fsync and fdatasync takes this much longer. strace holds the calls
 * back, so everything else of etcd goes on at its own speed; 0 makes the disk quick again.
 * @throws {LabError} `missing` without strace.
 */
export async function slowDisk(lab: MachineLab, member: string, delayMs: number): Promise<void> {
  const group = `${member}/slow-disk`;
  await killGroup(lab.holder.group(group));
  if (delayMs === 0) return;
  const strace = findProgram("strace");
  if (strace === undefined)
    throw new LabError("missing", "cannot slow a disk down without strace", {
      hint: "apt-get install strace",
    });
  const [pid] = await pidsIn(lab.holder.group(member));
  if (pid === undefined) throw new LabError("not-running", `etcd member ${member} does not run`);
  launch(
    lab.holder,
    group,
    [
      ...([strace, "--quiet=all", "--follow-forks", "--attach", String(pid)] as const),
      ...["--trace=fsync,fdatasync", `--inject=fsync,fdatasync:delay_enter=${delayMs}ms`],
      ...["--output=/dev/null"],
    ],
    `${lab.paths.logs}/${member}-slow-disk.log`,
  );
  await until("strace to take hold of etcd", { timeoutMs: attachTimeoutMs, everyMs: 10 }, () =>
    lab.holder
      .run('grep -c "^TracerPid:[[:space:]]*[1-9]" "/proc/$1/status"', String(pid))
      .then(() => true)
      .catch(() => false),
  );
}
