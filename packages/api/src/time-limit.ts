import { linkController } from "@fleet/client";
import type { Clock } from "@fleet/core/ports";

/** Why a timer ends that is not needed any more. Making an error for each would cost more than the timer. */
const notNeeded = new Error("the work has ended in time");

/**
 * Runs `work` with a signal that is aborted with `reason()` after `limitMs`, or with `signal`.
 * @returns what `work` returns. `work` must obey its signal.
 */
export async function withTimeLimit<T>(
  clock: Clock,
  limitMs: number,
  signal: AbortSignal,
  reason: () => Error,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const timer = new AbortController();
  const limit = linkController(signal);
  const timing = clock.sleep(limitMs, timer.signal).then(
    () => limit.abort(reason()),
    () => undefined,
  );
  try {
    return await work(limit.signal);
  } finally {
    limit.unlink();
    timer.abort(notNeeded);
    await timing;
  }
}
