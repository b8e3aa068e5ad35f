import { randomUUID } from "node:crypto";
import type { Clock, Logger, Random } from "@fleet/core/ports";
import { sleep } from "@fleet/lab";

/** The real clock. */
export const clock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  boottime: () => performance.now(),
  sleep: (ms, signal) => sleep(ms, signal),
};

/** Real chance. */
export const random: Random = { uuid: () => randomUUID(), fraction: () => Math.random() };

/** Says nothing. */
export const silentLogger: Logger = {
  error: () => undefined,
  warn: () => undefined,
  info: () => undefined,
  debug: () => undefined,
  child: () => silentLogger,
};
