// The lab's only source of time, chance and environment, so that the rest of it can be read without looking for them.
import { randomUUID } from "node:crypto";
import { LabError } from "./lab-error.js";

/** Milliseconds on a clock that never steps; only differences mean something. */
export function monotonicMs(): number {
  return performance.now();
}

/** The wall clock as ISO 8601, for the state file and for people. */
export function wallTime(): string {
  return new Date().toISOString();
}

/** A fresh identifier, as the kernel makes one per boot. */
export function newBootId(): string {
  return randomUUID();
}

/** One environment variable of this process; empty counts as absent. */
export function environment(name: string): string | undefined {
  return process.env[name] || undefined;
}

/**
 * Waits.
 * @throws the signal's reason, if it is aborted first.
 */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

/** How to wait for a condition. */
export interface UntilOptions {
  readonly signal?: AbortSignal | undefined;
  /** Gives up after this long. */
  readonly timeoutMs: number;
  /** Pause between two looks; default 20. */
  readonly everyMs?: number;
}

/**
 * Looks again and again until `check` gives something other than `undefined` and `false`, and returns that.
 * @param what - Names the awaited thing in the error.
 * @throws {LabError} `timeout` when `timeoutMs` have passed; the signal's reason when aborted; whatever `check` throws.
 */
export async function until<T>(
  what: string,
  options: UntilOptions,
  check: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  const end = monotonicMs() + options.timeoutMs;
  for (;;) {
    options.signal?.throwIfAborted();
    const found = await check();
    if (found !== undefined && found !== false) return found;
    if (monotonicMs() > end) {
      throw new LabError("timeout", `waited ${options.timeoutMs} ms in vain for ${what}`);
    }
    await sleep(options.everyMs ?? 20, options.signal);
  }
}
