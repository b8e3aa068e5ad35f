import { setMaxListeners } from "node:events";

/** Why a scope ends that somebody ended without a reason. Making an error for each would cost more than most calls. */
const ended = new Error("the work this belongs to has ended");

/**
 * A signal that aborts together with any of its parents, or alone. Unlike `AbortSignal.any` it can be let go of, so
 * that a parent that lives as long as the process does not collect a listener for each call.
 */
export class Scope {
  readonly #controller = new AbortController();
  readonly #parents: readonly AbortSignal[];
  readonly #onAbort = (event: Event): void => this.abort((event.target as AbortSignal).reason);

  constructor(...parents: readonly AbortSignal[]) {
    this.#parents = parents;
    // Many calls at once share a parent; each removes its listener when it is done, so none of them leaks.
    setMaxListeners(0, this.signal, ...parents);
    const aborted = parents.find((parent) => parent.aborted);
    if (aborted !== undefined) this.#controller.abort(aborted.reason);
    else for (const parent of parents) parent.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** Aborted when any parent is, or by {@link abort}. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Aborts this signal alone, and lets go of the parents. */
  abort(reason: unknown = ended): void {
    this.release();
    this.#controller.abort(reason);
  }

  /** Lets go of the parents. */
  release(): void {
    for (const parent of this.#parents) parent.removeEventListener("abort", this.#onAbort);
  }
}

/**
 * Waits for a promise, but not longer than until the signal aborts. The promise itself goes on.
 * @throws the signal's reason, or what the promise rejects with.
 */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    const settled = (): void => signal.removeEventListener("abort", onAbort);
    promise.finally(settled).then(resolve, reject);
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
  });
}

/**
 * Runs activities together until one of them ends; then aborts the others and waits for them.
 * @throws the first error, and never what the others throw because of the abort.
 */
export async function runTogether(
  signal: AbortSignal,
  activities: readonly ((signal: AbortSignal) => Promise<void>)[],
): Promise<void> {
  const scope = new Scope(signal);
  let failure: { readonly error: unknown } | undefined;
  const guarded = activities.map(async (activity) => {
    try {
      await activity(scope.signal);
    } catch (error) {
      if (!scope.signal.aborted) failure ??= { error };
    } finally {
      scope.abort();
    }
  });
  await Promise.all(guarded);
  if (failure !== undefined) throw failure.error;
}
