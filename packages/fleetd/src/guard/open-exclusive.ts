import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ExclusiveUnits } from "@fleet/agent/exclusive";
import { createUnitProcesses, type UnitProcesses } from "@fleet/agent/guard";
import { AskOnce, type ManagerAddress, type SocketTarget, socketOf } from "@fleet/agent/systemd";
import type { UnitName } from "@fleet/core";
import type { Clock, Logger, UnitManager } from "@fleet/core/ports";
import type { Options } from "../options.js";

/** What the care for exclusive units is opened with. */
export interface ExclusiveParts {
  readonly options: Options;
  readonly address: ManagerAddress;
  readonly unitManager: UnitManager;
  readonly clock: Clock;
  readonly logger: Logger;
}

const callTimeoutMs = 5_000;

/** The guard needs little; Node would take more if it were left to itself. */
const nodeOptions = ["--max-old-space-size=32", "--max-semi-space-size=1"];

/** Builds fleetd's half of the care for exclusive units, and says how the other half is run. Nothing is sent yet. */
export function openExclusiveUnits(parts: ExclusiveParts): ExclusiveUnits {
  const { options, unitManager, clock, logger } = parts;
  const targets = targetsOf(parts.address);
  const systemd = new AskOnce({ targets, clock, logger, callTimeoutMs });
  const directory = join(options.runtime_directory, "guard");
  return new ExclusiveUnits({
    directory,
    guardCommand: [
      process.execPath,
      ...nodeOptions,
      fileURLToPath(new URL("fleet-guard.mjs", import.meta.url)),
      directory,
      ...targets.map(({ isBus, path }) => `${isBus ? "bus" : "private"}:${path}`),
    ],
    isRoot: process.getuid?.() === 0,
    bootId: readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim(),
    units: unitManager,
    manager: systemd,
    processes: processesOf(systemd),
    isAlive,
    // etcd counts lifetimes in whole seconds.
    ttlMs: Math.ceil(options.agent_ttl / 1000) * 1000,
    stopMaxMs: options.exclusive_stop_max,
    clock,
    logger,
  });
}

/** The bus may be gone when it matters, so systemd's own socket is a second way to it. */
function targetsOf(address: ManagerAddress): readonly SocketTarget[] {
  const first = socketOf(address);
  if (!first.isBus) return [first];
  const path =
    address.kind === "user" ? join(dirname(first.path), "systemd/private") : "/run/systemd/private";
  return address.kind === "bus" ? [first] : [first, { path, isBus: false }];
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** Asks systemd where it keeps its units when that is needed for the first time. */
function processesOf(systemd: AskOnce): UnitProcesses {
  let opened: UnitProcesses | undefined;
  const open = async (): Promise<UnitProcesses> => {
    opened ??= createUnitProcesses({
      managerGroup: await systemd.controlGroup(new AbortController().signal),
    });
    return opened;
  };
  return {
    of: async (units: readonly UnitName[]) => await (await open()).of(units),
    kill: async (unit: UnitName) => await (await open()).kill(unit),
  };
}
