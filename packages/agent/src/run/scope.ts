/** For each signal, what is to happen when it is aborted. */
const hubs = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls `listener` when the signal is aborted. However many listen, the signal has one listener: the platform takes more
 * than a few for a leak and says so.
 * @returns the unsubscription.
 */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  let hub = hubs.get(signal);
  if (hub === undefined) {
    const listeners = new Set<() => void>();
    signal.addEventListener("abort", () => listeners.forEach((listen) => void listen()), { once: true });
    hubs.set(signal, listeners);
    hub = listeners;
  }
  hub.add(listener);
  return () => hub.delete(listener);
}

/** Why a scope ended that was not aborted from around it. Making an error each time would cost more than the work. */
const ended = new Error("the work this belongs to has ended");

/** A signal for one piece of work, which ends with it or with the work around it. */
export interface Scope {
  readonly signal: AbortSignal;
  /** Aborts the scope, which then leaves no trace on the signal around it. Harmless when repeated. */
  end(): void;
}

/**
 * Opens a scope inside a signal. It does what `AbortSignal.any` would do, which leaves something behind on a long-lived
 * signal each time.
 */
export function openScope(parent: AbortSignal): Scope {
  const controller = new AbortController();
  if (parent.aborted) controller.abort(parent.reason);
  const detach = onAbort(parent, () => controller.abort(parent.reason));
  return {
    signal: controller.signal,
    end: () => {
      detach();
      controller.abort(ended);
    },
  };
}
