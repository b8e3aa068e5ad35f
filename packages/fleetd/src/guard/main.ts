// The program of fleet-guard.service. Usage: fleet-guard.mjs DIRECTORY (bus|private):SOCKET…
// It has as little in it as it can: it must start on a machine that has no memory to spare, and go on when all else fails.
import { readFileSync } from "node:fs";
import { createUnitProcesses, Guard, GuardFiles } from "@fleet/agent/guard";
import { AskOnce, type SocketTarget } from "@fleet/agent/systemd";
import type { UnitName } from "@fleet/core";
import { createClock } from "../clock.js";
import { exitCode } from "../exit-code.js";
import { guardUnit, managerGroup } from "./guard-place.js";
import { createLineLogger } from "./line-logger.js";

/** Shorter than fleetd's: the next way is tried, and meanwhile the killing does not wait. */
const callTimeoutMs = 2_000;

function targetOf(word: string): SocketTarget {
  const [kind, ...rest] = word.split(":");
  if (kind !== "bus" && kind !== "private") throw new Error(`"${word}" is neither bus:… nor private:…`);
  return { path: rest.join(":"), isBus: kind === "bus" };
}

async function main(directory: string, words: readonly string[]): Promise<void> {
  const clock = createClock();
  const logger = createLineLogger((line) => process.stdout.write(line), clock);
  const stop = new AbortController();
  process.once("SIGTERM", () => stop.abort(new Error("SIGTERM")));
  const systemd = new AskOnce({ targets: words.map(targetOf), clock, logger, callTimeoutMs });
  const ownGroup = readFileSync("/proc/self/cgroup", "utf8");
  const guard = new Guard({
    files: new GuardFiles(directory, "guard"),
    stopper: {
      stop: (unit, signal) => systemd.stop(unit, signal),
      activeState: (unit, signal) => systemd.activeState(unit, signal),
      hasJob: (unit, signal) => systemd.hasJob(unit, signal),
      boundUnits: async (signal) => (await systemd.boundBy(guardUnit, signal)) as readonly UnitName[],
    },
    processes: createUnitProcesses({ managerGroup: managerGroup(ownGroup) }),
    clock,
    bootId: readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim(),
    pid: process.pid,
    logger,
  });
  logger.info("guarding exclusive units", { directory });
  await guard.run(stop.signal);
}

const [directory, ...words] = process.argv.slice(2);
if (directory === undefined || words.length === 0) {
  process.stderr.write("usage: fleet-guard.mjs DIRECTORY (bus|private):SOCKET...\n");
  process.exit(exitCode.usage);
}
try {
  await main(directory, words);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(exitCode.failure);
}
process.exit(exitCode.ok);
