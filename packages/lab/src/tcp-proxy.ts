import { createServer, type Server, Socket } from "node:net";
import { LabError } from "./lab-error.js";

/** What a `TcpProxy` does with traffic. */
export type ProxyMode =
  /** Bytes flow both ways. */
  | "open"
  /** Connections are reset, new ones at once. */
  | "cut"
  /** Connections stay, and new ones are accepted, but nothing arrives: a network that swallows packets. */
  | "stalled";

/** Which way a stall holds bytes back. */
export type ProxyDirection = "both" | "to-server" | "to-client";

/** Where a `TcpProxy` listens and what it leads to. */
export interface TcpProxyOptions {
  readonly targetPort: number;
  /** Default 127.0.0.1. */
  readonly targetHost?: string;
  /** Default 127.0.0.1. */
  readonly listenHost?: string;
  /** Default 0: any free port. */
  readonly listenPort?: number;
}

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
}

/**
 * A network that can fail: a TCP forwarder on loopback, in this process. While cut it goes on listening and
 * resets whoever comes, because a port given up could be somebody else's when it is wanted back.
 * A stalled connection that its peer gives up is forgotten on both sides when the proxy is healed.
 */
export class TcpProxy {
  readonly #server: Server;
  readonly #target: { host: string; port: number };
  readonly #pairs = new Set<Pair>();
  #mode: ProxyMode = "open";
  #direction: ProxyDirection = "both";
  #stranded: ReadonlySet<Pair> = new Set();

  private constructor(options: TcpProxyOptions) {
    this.#target = { host: options.targetHost ?? "127.0.0.1", port: options.targetPort };
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#accept(client));
  }

  /**
   * Begins to listen.
   * @throws {LabError} `failed` if the port cannot be bound.
   */
  static async listen(options: TcpProxyOptions): Promise<TcpProxy> {
    const proxy = new TcpProxy(options);
    const listenHost = options.listenHost ?? "127.0.0.1";
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once("error", (cause) => {
        reject(
          new LabError("failed", `cannot listen on ${listenHost}:${options.listenPort ?? 0}`, { cause }),
        );
      });
      proxy.#server.listen({ host: listenHost, port: options.listenPort ?? 0, exclusive: true }, resolve);
    });
    return proxy;
  }

  /** The port it listens on. */
  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === "string")
      throw new LabError("not-running", "the proxy is closed");
    return address.port;
  }

  /** What it does with traffic now. */
  get mode(): ProxyMode {
    return this.#mode;
  }

  /** Connections that are being forwarded. */
  get connectionCount(): number {
    return this.#pairs.size;
  }

  /** Resets all connections, and every new one until healed. */
  cut(): void {
    this.#mode = "cut";
    this.#dropAll();
  }

  /** Holds all bytes back until healed, in one direction or both. Nothing is lost: they flow on afterwards. */
  stall(direction: ProxyDirection = "both"): void {
    this.#mode = "stalled";
    this.#direction = direction;
    for (const pair of this.#pairs) this.#regulate(pair);
  }

  /**
   * Holds the bytes of the present connections back until healed, while new ones flow: what is left of a network that
   * swallowed packets for a while, until the kernels send again what was lost.
   */
  strand(): void {
    this.#stranded = new Set(this.#pairs);
    for (const pair of this.#pairs) this.#regulate(pair);
  }

  /** Lets bytes flow again. Cut connections stay lost. */
  heal(): void {
    this.#mode = "open";
    this.#stranded = new Set();
    for (const pair of [...this.#pairs]) {
      if (pair.client.destroyed || pair.server.destroyed) this.#drop(pair);
      else this.#regulate(pair);
    }
  }

  /** Resets all connections and listens no more. */
  async close(): Promise<void> {
    this.#dropAll();
    if (!this.#server.listening) return;
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #accept(client: Socket): void {
    if (this.#mode === "cut") {
      client.on("error", () => undefined);
      client.resetAndDestroy();
      return;
    }
    const server = new Socket({ allowHalfOpen: true });
    server.setNoDelay(true);
    const pair: Pair = { client, server };
    this.#pairs.add(pair);
    server.connect(this.#target);
    this.#forward(pair, client, server);
    this.#forward(pair, server, client);
    this.#regulate(pair);
  }

  #forward(pair: Pair, from: Socket, to: Socket): void {
    from.on("data", (bytes) => {
      if (!to.write(bytes)) from.pause();
    });
    to.on("drain", () => this.#regulate(pair));
    from.on("end", () => to.end());
    from.on("error", () => undefined);
    from.on("close", () => {
      if (this.#mode !== "stalled" && !this.#stranded.has(pair)) this.#drop(pair);
    });
  }

  #regulate(pair: Pair): void {
    const isStranded = this.#stranded.has(pair);
    this.#flow(pair.client, isStranded || this.#holds("to-server"));
    this.#flow(pair.server, isStranded || this.#holds("to-client"));
  }

  #holds(direction: ProxyDirection): boolean {
    return this.#mode === "stalled" && (this.#direction === "both" || this.#direction === direction);
  }

  #flow(socket: Socket, held: boolean): void {
    if (held) socket.pause();
    else socket.resume();
  }

  #drop(pair: Pair): void {
    if (!this.#pairs.delete(pair)) return;
    for (const socket of [pair.client, pair.server]) {
      if (socket.destroyed) continue;
      if (socket.connecting) socket.destroy();
      else socket.resetAndDestroy();
    }
  }

  #dropAll(): void {
    for (const pair of [...this.#pairs]) this.#drop(pair);
  }
}
