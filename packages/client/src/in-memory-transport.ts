import * as http from "node:http";
import { Duplex } from "node:stream";
import { createHttpTransport } from "./http-transport.js";
import type { Transport } from "./transport.js";

/**
 * Calls a server's request listener without a socket: the bytes of both sides go through memory, so headers, framing
 * and limits are the real ones.
 * @param handler - The listener, as it would be given to `http.createServer`.
 */
export function createInMemoryTransport(handler: http.RequestListener): Transport {
  const server = http.createServer(handler);
  const connect = (): Duplex => {
    const [near, far] = createDuplexPair();
    server.emit("connection", far);
    return near;
  };
  return createHttpTransport({ text: "memory:", scheme: "unix", prefix: "" }, { connect });
}

/** Two streams, each of which reads what the other writes. */
function createDuplexPair(): readonly [Duplex, Duplex] {
  const near = new HalfPipe();
  const far = new HalfPipe();
  near.peer = far;
  far.peer = near;
  return [near, far];
}

class HalfPipe extends Duplex {
  peer: HalfPipe | undefined;
  #resume: (() => void) | undefined;

  override _read(): void {
    const resume = this.#resume;
    this.#resume = undefined;
    resume?.();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    const { peer } = this;
    if (peer === undefined || peer.destroyed || peer.push(chunk)) done();
    else peer.#resume = done;
  }

  override _final(done: () => void): void {
    if (this.peer?.destroyed === false) this.peer.push(null);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const { peer } = this;
    if (peer !== undefined && !peer.destroyed) queueMicrotask(() => peer.destroy());
    done(error);
  }
}
