// The daemon under test as its machine's manager sees it.
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { signalPid } from "./cgroup.js";
import { until } from "./clock.js";
import type { LabContext } from "./context.js";
import { LabError } from "./lab-error.js";
import { daemonOffFile } from "./machine-files.js";
import { systemctlOrThrow } from "./machine-systemctl.js";
import { daemonUnitName } from "./unit-text.js";

const daemonTimeoutMs = 30_000;

function offFile(context: LabContext, name: string): string {
  return join(context.paths(name).runtime, daemonOffFile);
}

/** The daemon's main process; `undefined` while it has none. */
export async function daemonPid(
  context: LabContext,
  name: string,
  signal?: AbortSignal,
): Promise<number | undefined> {
  if (context.machine(name).daemon === undefined) {
    throw new LabError("invalid", `machine "${name}" was started without a daemon`);
  }
  const shown = await systemctlOrThrow(context, name, ["show", "-P", "MainPID", daemonUnitName], { signal });
  return Number(shown.trim()) || undefined;
}

async function mustHavePid(context: LabContext, name: string, signal?: AbortSignal): Promise<number> {
  const pid = await daemonPid(context, name, signal);
  if (pid === undefined) throw new LabError("not-running", `the daemon of machine "${name}" is not running`);
  return pid;
}

/** SIGKILLs the daemon's main process, which the manager then starts again. Returns the pid that was killed. */
export async function killDaemon(context: LabContext, name: string, signal?: AbortSignal): Promise<number> {
  const pid = await mustHavePid(context, name, signal);
  signalPid(pid, "SIGKILL");
  return pid;
}

/**
 * Ends the daemon and keeps it from coming back, until `startDaemon` or the machine's next boot.
 * @param how - "terminate" as systemd stops a service, "kill" as a crash.
 */
export async function stopDaemon(
  context: LabContext,
  name: string,
  how: "terminate" | "kill",
  signal?: AbortSignal,
): Promise<void> {
  // The manager looks at this file before each start, so a kill cannot lose a race against the restart.
  await writeFile(offFile(context, name), "");
  const pid = await daemonPid(context, name, signal);
  if (how === "kill" && pid !== undefined) signalPid(pid, "SIGKILL");
  else
    await systemctlOrThrow(context, name, ["stop", daemonUnitName], { signal, timeoutMs: daemonTimeoutMs });
  await until(
    `the daemon of machine "${name}" to be gone`,
    { signal, timeoutMs: daemonTimeoutMs },
    async () => {
      const shown = await systemctlOrThrow(context, name, ["show", "-P", "ActiveState", daemonUnitName], {
        signal,
      });
      return ["inactive", "failed"].includes(shown.trim());
    },
  );
}

/** Starts a stopped daemon. */
export async function startDaemon(context: LabContext, name: string, signal?: AbortSignal): Promise<void> {
  await rm(offFile(context, name), { force: true });
  await systemctlOrThrow(context, name, ["start", daemonUnitName], { signal, timeoutMs: daemonTimeoutMs });
}

/** Restarts the daemon as an upgrade would. */
export async function restartDaemon(context: LabContext, name: string, signal?: AbortSignal): Promise<void> {
  await rm(offFile(context, name), { force: true });
  await systemctlOrThrow(context, name, ["restart", daemonUnitName], { signal, timeoutMs: daemonTimeoutMs });
}
