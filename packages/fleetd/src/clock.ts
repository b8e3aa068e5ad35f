import { randomUUID } from "node:crypto";
import { uptime } from "node:os";
import type { Clock, Random } from "@fleet/core/ports";

/**
 * The real clock. `boottime` is the kernel's uptime, which counts suspend, at its resolution of 10 ms.
 */
export function createClock(): Clock {
  return {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    boottime: () => uptime() * 1000,
    // Node's own promise makes an AbortError with a stack each time it is aborted, which most sleeps of a daemon are.
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        const onAbort = () => {
          clearTimeout(timer);
          reject(signal.reason);
        };
        const timer = setTimeout(() => {
          signal.removeEventListener("abort", onAbort);
          resolve();
        }, ms);
        signal.addEventListener("abort", onAbort, { once: true });
      }),
  };
}

/** Real chance. */
export function createRandom(): Random {
  return { uuid: () => randomUUID(), fraction: () => Math.random() };
}
