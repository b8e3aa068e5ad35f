import { cpus, loadavg, release, totalmem } from "node:os";
import { findEtcd } from "@fleet/lab";
import { runProgram } from "../run-program.js";

/** Where and of what something was measured: without it figures of two runs cannot be compared. */
export type Environment = Readonly<Record<string, number | string>>;

const gibibyte = 1024 ** 3;

/** What a program prints that matches; "unknown" if it cannot be had. */
async function said(command: readonly [string, ...string[]], pattern: RegExp, cwd: string): Promise<string> {
  const result = await runProgram(command, { cwd }).catch(() => undefined);
  return (result?.status === 0 ? pattern.exec(result.stdout)?.[1] : undefined) ?? "unknown";
}

/** What of the checkout is committed, and whether it is all that was measured. */
async function commitOf(checkout: string): Promise<string> {
  const commit = await said(["git", "rev-parse", "HEAD"], /^(\w+)/, checkout);
  const changed = await runProgram(["git", "status", "--porcelain", "--", "packages"], {
    cwd: checkout,
  }).catch(() => undefined);
  return changed?.stdout === "" ? commit : `${commit} and changes`;
}

function load(): number {
  return Number((loadavg()[0] ?? 0).toFixed(2));
}

/**
 * Notes the time and the load at the beginning of a measurement.
 * @returns to be called at its end: everything about it that is worth knowing. `load…` is the average of a minute, and
 *   what is measured is part of it at the end.
 */
export function beginEnvironment(checkout: string): () => Promise<Environment> {
  const begunAt = new Date().toISOString();
  const loadBefore = load();
  const { length: cores, 0: processor } = cpus();
  return async () => ({
    commit: await commitOf(checkout),
    begunAt,
    endedAt: new Date().toISOString(),
    cores,
    processor: processor?.model ?? "unknown",
    memoryGiB: Math.round(totalmem() / gibibyte),
    loadBefore,
    loadAfter: load(),
    kernel: release(),
    node: process.versions.node,
    systemd: await said(["systemctl", "--version"], /^systemd (\S+)/, checkout),
    etcd: await said(
      [findEtcd([`${checkout}/.cache/etcd`]) ?? "etcd", "--version"],
      /^etcd Version: (\S+)/,
      checkout,
    ),
  });
}
