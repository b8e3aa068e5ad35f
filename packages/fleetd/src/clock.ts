import { randomUUID } from "node:crypto";
import { uptime } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import type { Clock, Random } from "@fleet/core/ports";

/**
 * The real clock. `boottime` is the kernel's uptime, which counts suspend, at its resolution of 10 ms.
 */
export function createClock(): Clock {
  return {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    boottime: () => uptime() * 1000,
    sleep: async (ms, signal) => {
      signal.throwIfAborted();
      try {
        await delay(ms, undefined, { signal });
      } catch (error) {
        // Node wraps the reason in an AbortError of its own; callers are promised the signal's.
        signal.throwIfAborted();
        throw error;
      }
    },
  };
}

/** Real chance. */
export function createRandom(): Random {
  return { uuid: () => randomUUID(), fraction: () => Math.random() };
}
