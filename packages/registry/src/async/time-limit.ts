import { FleetError } from "@fleet/core";
import type { Clock } from "@fleet/core/ports";
import { abortable, Scope } from "./scope.js";

/**
 * Gives an action at most so many ms.
 * @throws {FleetError} `deadline-exceeded` when they are over; the signal's reason; what the action throws.
 */
export async function withTimeLimit<T>(
  clock: Clock,
  ms: number,
  signal: AbortSignal,
  action: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const scope = new Scope(signal);
  const timer = new Scope(scope.signal);
  clock.sleep(ms, timer.signal).then(
    () => scope.abort(new FleetError("deadline-exceeded", `no answer within ${Math.round(ms)} ms`)),
    () => undefined,
  );
  try {
    return await abortable(action(scope.signal), scope.signal);
  } finally {
    timer.abort();
    scope.release();
  }
}
