import { readdirSync } from "node:fs";
import type { Clock } from "@fleet/core/ports";

/** What this process uses. */
export interface ProcessFigures {
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  readonly heapBytes: number;
  /** Since the Unix epoch. */
  readonly startSeconds: number;
  readonly openFiles: number;
}

/** Asks the kernel and the engine what this process uses; made when asked, so that an idle daemon does nothing for it. */
export function processFigures(clock: Clock): ProcessFigures {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed } = process.memoryUsage();
  return {
    cpuSeconds: (user + system) / 1e6,
    residentBytes: rss,
    heapBytes: heapUsed,
    startSeconds: Math.round(clock.now() / 1000 - process.uptime()),
    openFiles: readdirSync("/proc/self/fd").length,
  };
}
