import { createHash } from "node:crypto";
import { createServer, type Server } from "node:net";
import { until } from "./clock.js";
import { LabError } from "./lab-error.js";

// A socket in the abstract namespace: the kernel frees it when its process dies, however it dies, so there are
// no stale locks, and nothing to clean. It serves processes of one network namespace.

const lockTimeoutMs = 60_000;

function listen(name: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(undefined);
      else reject(new LabError("failed", `cannot take a lock: ${error.message}`, { cause: error }));
    });
    server.listen(`\0${name}`, () => resolve(server));
  });
}

/** The name of a lock on `what` within the lab whose state is in `directory`. */
export function lockName(directory: string, what: string): string {
  return `fleet-lab-${createHash("sha256").update(`${directory}\n${what}`).digest("hex").slice(0, 40)}`;
}

/**
 * Runs `action` while no other process (and no other call in this one) holds the lock `name`.
 * Waits at most a minute. Not re-entrant.
 */
export async function withLock<T>(
  name: string,
  signal: AbortSignal | undefined,
  action: () => Promise<T>,
): Promise<T> {
  const server = await until(
    `the lock of another process`,
    { signal, timeoutMs: lockTimeoutMs, everyMs: 5 },
    () => listen(name),
  );
  try {
    return await action();
  } finally {
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}
