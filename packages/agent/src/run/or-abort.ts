import { onAbort } from "./scope.js";

/**
 * Waits for what cannot be aborted itself.
 * @throws the signal's reason as soon as it is aborted; the promise is then left alone.
 */
export async function orAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let detach = () => {};
  const aborted = new Promise<never>((_, reject) => {
    detach = onAbort(signal, () => reject(signal.reason));
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    detach();
  }
}
