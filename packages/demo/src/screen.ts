import type { FleetCluster } from "./fleet-cluster.js";

/** Where the demo tells its story: numbered steps with seconds, and commands as a person would type them. */
export class Screen {
  readonly #write: (text: string) => void;
  readonly #startedMs = performance.now();

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  /** Seconds since the demo began. */
  get seconds(): number {
    return (performance.now() - this.#startedMs) / 1000;
  }

  /** A line of progress, with the time. */
  step(text: string): void {
    this.#write(`[${this.seconds.toFixed(1).padStart(5)} s] ${text}\n`);
  }

  /** A line of the story. */
  say(text: string): void {
    this.#write(`${text}\n`);
  }

  /**
   * Runs fleetctl in front of the reader.
   * @throws {Error} if it fails, because the story is then broken.
   */
  async play(cluster: FleetCluster, command: string, signal: AbortSignal): Promise<string> {
    this.#write(`\n$ fleetctl ${command}\n`);
    const result = await cluster.fleetctl(command.split(" "), { signal });
    this.#write(result.stdout);
    this.#write(result.stderr);
    if (result.status !== 0) throw new Error(`fleetctl ${command} ended with status ${result.status}`);
    return result.stdout;
  }
}
