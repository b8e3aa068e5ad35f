import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { systemClock } from "./system-clock.js";

const never = new AbortController().signal;
const limitMs = 15_000;

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  readonly kept: Buffer[];
  /** HTTP/2 messages that the server has ended. */
  answered: number;
}

/**
 * A way to etcd on which what a client has sent can arrive long after the client has lost its connection, as when a host
 * far away still has it in its buffers. Knows just enough of HTTP/2 to tell when etcd has answered.
 */
export class LateProxy {
  readonly #server: Server;
  readonly #targetPort: number;
  readonly #pairs = new Set<Pair>();
  readonly #dropped: Pair[] = [];
  #isHolding = false;

  private constructor(targetPort: number) {
    this.#targetPort = targetPort;
    this.#server = createServer({ noDelay: true }, (client) => this.#accept(client));
  }

  static async listen(targetPort: number): Promise<LateProxy> {
    const proxy = new LateProxy(targetPort);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** From now on what clients send is kept. */
  hold(): void {
    this.#isHolding = true;
  }

  /** Whether something is kept that contains a text. */
  keeps(text: string): boolean {
    return [...this.#pairs].some(({ kept }) => Buffer.concat(kept).includes(text));
  }

  /** The clients lose their connections; etcd does not notice. New connections hold nothing back. */
  drop(): void {
    this.#isHolding = false;
    for (const pair of this.#pairs) {
      pair.client.resetAndDestroy();
      this.#dropped.push(pair);
    }
    this.#pairs.clear();
  }

  /** Brings what was kept to etcd, on the connections it was sent on, and waits until etcd has answered all of it. */
  async deliver(): Promise<void> {
    for (const pair of this.#dropped.splice(0)) {
      const bytes = Buffer.concat(pair.kept);
      const expected = pair.answered + framesIn(bytes).filter(({ type }) => type === headersFrame).length;
      pair.server.write(bytes);
      const end = systemClock.monotonic() + limitMs;
      while (pair.answered < expected) {
        if (systemClock.monotonic() > end) throw new Error("etcd did not answer what came late");
        await systemClock.sleep(5, never);
      }
      pair.server.destroy();
    }
  }

  async close(): Promise<void> {
    this.drop();
    for (const { server } of this.#dropped.splice(0)) server.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }

  #accept(client: Socket): void {
    const server = connect({ port: this.#targetPort, host: "127.0.0.1", noDelay: true });
    const pair: Pair = { client, server, kept: [], answered: 0 };
    this.#pairs.add(pair);
    let unread = Buffer.alloc(0);
    client.on("data", (bytes) => {
      if (this.#isHolding) pair.kept.push(bytes);
      else server.write(bytes);
    });
    server.on("data", (bytes) => {
      unread = Buffer.concat([unread, bytes]);
      const frames = framesIn(unread);
      unread = unread.subarray(frames.reduce((sum, { size }) => sum + size, 0));
      const isEnd = ({ type, flags }: Frame): boolean => type === headersFrame && (flags & endOfStream) !== 0;
      pair.answered += frames.filter(isEnd).length;
      if (!client.destroyed) client.write(bytes);
    });
    client.on("error", () => undefined);
    server.on("error", () => undefined);
    client.on("close", () => {
      if (this.#pairs.delete(pair)) server.destroy();
    });
    server.on("close", () => client.destroy());
  }
}

interface Frame {
  readonly type: number;
  readonly flags: number;
  /** With its header. */
  readonly size: number;
}

const headerBytes = 9;
const headersFrame = 1;
const endOfStream = 1;

/** The whole frames at the beginning of some bytes that begin with a frame. */
function framesIn(bytes: Buffer): readonly Frame[] {
  const frames: Frame[] = [];
  for (let at = 0; at + headerBytes <= bytes.length; ) {
    const size = headerBytes + bytes.readUIntBE(at, 3);
    if (at + size > bytes.length) break;
    frames.push({ type: bytes.readUInt8(at + 3), flags: bytes.readUInt8(at + 4), size });
    at += size;
  }
  return frames;
}
