import { setMaxListeners } from "node:events";

/** An `AbortController` that follows a signal. */
export interface LinkedController {
  readonly signal: AbortSignal;
  abort(reason: unknown): void;
  /** Stops following. Without it a signal that lives long keeps something of every controller that followed it. */
  unlink(): void;
}

/** Makes a controller that is aborted with `parent` and with its reason. `AbortSignal.any` would never let go of it. */
export function linkController(parent: AbortSignal): LinkedController {
  const controller = new AbortController();
  // Many requests at once follow one signal; each lets go of it when it is done, so none of them leaks.
  setMaxListeners(0, parent);
  const follow = (): void => controller.abort(parent.reason);
  if (parent.aborted) follow();
  else parent.addEventListener("abort", follow, { once: true });
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    unlink: () => parent.removeEventListener("abort", follow),
  };
}
