import { once } from "node:events";
import type { Socket } from "node:net";
import type { Readable, Writable } from "node:stream";
import { FleetError } from "@fleet/core";

/** What the streams of a process have and streams in general have not. */
export interface Stdio {
  readonly input: Readable;
  readonly output: Writable;
}

/** The original's words for the system's error codes. */
const reasons: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  ECONNREFUSED: "connection refused",
  ENOENT: "no such file or directory",
  ENOTDIR: "not a directory",
  ENOTSOCK: "socket operation on non-socket",
};

/**
 * Joins two streams with a unix socket, in both directions. The end of the input ends the socket's other direction only:
 * whatever the server has to say is still waited for. The server's end is the end.
 * @throws {FleetError} `unavailable`, in the original's words, if the socket cannot be reached or breaks.
 */
export async function joinSocket(path: string, stdio: Stdio, signal: AbortSignal): Promise<void> {
  const { connect } = await import("node:net");
  const socket = connect({ path, allowHalfOpen: true });
  try {
    await once(socket, "connect", { signal });
  } catch (cause) {
    socket.destroy();
    signal.throwIfAborted();
    const message = `Failed dialing remote address: dial unix ${path}: connect: ${reasonOf(cause)}`;
    throw new FleetError("unavailable", message, { cause });
  }
  try {
    await pump(socket, stdio, signal);
  } catch (cause) {
    signal.throwIfAborted();
    throw new FleetError("unavailable", `Encountered error during copy: ${reasonOf(cause)}`, { cause });
  } finally {
    socket.destroy();
    // An input that nobody reads would keep the process waiting for it.
    stdio.input.destroy();
  }
}

async function pump(socket: Socket, { input, output }: Stdio, signal: AbortSignal): Promise<void> {
  // Whoever waits for the end hears of errors; one that comes later changes nothing.
  socket.on("error", () => undefined);
  input.on("error", () => socket.end());
  input.pipe(socket);
  socket.pipe(output, { end: false });
  await once(socket, "end", { signal });
  // What was written last may still be on its way.
  await new Promise<void>((resolve) => output.write("", () => resolve()));
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return reasons[code] ?? (error instanceof Error ? error.message : String(error));
}
