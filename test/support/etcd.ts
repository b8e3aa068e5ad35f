import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findEtcd } from "@fleet/lab";
import { systemClock } from "./system-clock.js";

const never = new AbortController().signal;

/** A loaded machine takes a while; more than this is something else. */
const launchLimitMs = 60_000;

/** How to start a real etcd. */
export interface TestEtcdOptions {
  /** Files for TLS; clients must then use `https:`. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly clientCa?: string };
}

/**
 * A real etcd of one member on loopback, which a test can stop, wipe and set back. Its ports and its cluster id stay
 * the same throughout, as those of an etcd do that is set up anew by the same script.
 */
export class TestEtcd {
  readonly #binary: string;
  readonly #directory: string;
  readonly #options: TestEtcdOptions;
  readonly #peerPort: number;
  readonly port: number;
  #process: ChildProcess | undefined;

  private constructor(
    binary: string,
    directory: string,
    ports: readonly [number, number],
    options: TestEtcdOptions,
  ) {
    this.#binary = binary;
    this.#directory = directory;
    [this.port, this.#peerPort] = ports;
    this.#options = options;
  }

  /** Starts an empty etcd and waits until it listens. @throws if there is no etcd to be found. */
  static async start(options: TestEtcdOptions = {}): Promise<TestEtcd> {
    const etcd = await TestEtcd.prepare(options);
    await etcd.launch();
    return etcd;
  }

  /** Makes room for an etcd without starting it. */
  static async prepare(options: TestEtcdOptions = {}): Promise<TestEtcd> {
    const binary = findEtcd();
    if (binary === undefined) throw new Error("cannot find etcd: run node scripts/setup.mjs");
    const directory = await mkdtemp(join(tmpdir(), "fleet-etcd-"));
    return new TestEtcd(binary, directory, [await freePort(), await freePort()], options);
  }

  /** The endpoint for clients. */
  get url(): string {
    return `${this.#scheme}://127.0.0.1:${this.port}`;
  }

  get #scheme(): string {
    return this.#options.tls === undefined ? "http" : "https";
  }

  get #data(): string {
    return join(this.#directory, "data");
  }

  /** How other members reach this one. */
  get peer(): string {
    return `http://127.0.0.1:${this.#peerPort}`;
  }

  /** Starts the process on the data that are there and waits until it listens. */
  async launch(peers: readonly string[] = [this.peer]): Promise<void> {
    const { tls } = this.#options;
    const { peer } = this;
    const cluster = peers.map((other) => `${nameOf(other)}=${other}`).join(",");
    const child = spawn(
      this.#binary,
      [
        ...["--name", nameOf(peer), "--data-dir", this.#data, "--log-level", "error"],
        ...["--listen-client-urls", this.url, "--advertise-client-urls", this.url],
        ...["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer],
        ...["--initial-cluster", cluster],
        // Nothing of a test outlives the machine's power, and tests write much.
        ...["--unsafe-no-fsync"],
        ...(tls === undefined ? [] : ["--cert-file", tls.cert, "--key-file", tls.key]),
        ...(tls?.clientCa === undefined ? [] : ["--client-cert-auth", "--trusted-ca-file", tls.clientCa]),
      ],
      { stdio: "ignore" },
    );
    this.#process = child;
    const killWithUs = (): void => {
      child.kill("SIGKILL");
    };
    process.once("exit", killWithUs);
    child.once("exit", () => process.off("exit", killWithUs));
    const endMs = systemClock.monotonic() + launchLimitMs;
    for (;;) {
      if (child.exitCode !== null) throw new Error(`etcd ended at once, with ${child.exitCode}`);
      if (systemClock.monotonic() > endMs) throw new Error(`etcd did not listen within ${launchLimitMs} ms`);
      if (await accepts(this.port)) return;
      await systemClock.sleep(10, never);
    }
  }

  /** Ends the process; the data stay. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  }

  /** Loses all data, and starts again. */
  async wipe(): Promise<void> {
    await this.stop("SIGKILL");
    await rm(this.#data, { recursive: true, force: true });
    await this.launch();
  }

  /** Copies the data, restarting the process for it. @returns what goes back to the copy. */
  async snapshot(): Promise<() => Promise<void>> {
    const copy = join(this.#directory, "snapshot");
    await this.stop();
    await rm(copy, { recursive: true, force: true });
    await cp(this.#data, copy, { recursive: true });
    await this.launch();
    return async () => {
      await this.stop("SIGKILL");
      await rm(this.#data, { recursive: true, force: true });
      await cp(copy, this.#data, { recursive: true });
      await this.launch();
    };
  }

  /** Ends the process and removes everything. */
  async close(): Promise<void> {
    await this.stop("SIGKILL");
    await rm(this.#directory, { recursive: true, force: true });
  }
}

function nameOf(peer: string): string {
  return `member-${new URL(peer).port}`;
}

/**
 * Below the ports that the kernel gives to outgoing connections, and other ones for each process of tests: a port that is
 * free when it is chosen is still free when etcd asks for it a moment later.
 */
const portFirst = 12_000;
const portsPerProcess = 64;
let nextPort = portFirst + (process.pid % 250) * portsPerProcess;

async function freePort(): Promise<number> {
  for (;;) {
    const port = nextPort;
    nextPort += 1;
    if (await canListen(port)) return port;
  }
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

async function accepts(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
