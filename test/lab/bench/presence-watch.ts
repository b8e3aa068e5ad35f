import { type ChildProcess, spawn } from "node:child_process";
import { LabError, until } from "@fleet/lab";
import type { MachineLab } from "../lab.js";

// Where machines say that they are there (docs/keys.md).
const presences = "/_coreos.com/fleet/machines/";
const readyTimeoutMs = 10_000;
// Etcd tells everybody who watches at about the same time, and fleet has acted on it already when this begins.
const goneTimeoutMs = 3_000;

// In the lab's network, which this process is not in. etcd answers gRPC as JSON too; a watch is an answer without an end.
// It prints "ready" for each member that watches, and the moment of the deletion on the clock of all processes. A member
// that has lost its leader may end its watches, which then go on from where they began.
const program = `
  const [key, ...urls] = process.argv.slice(1);
  let from;
  const follow = async (url) => {
    const create_request = { key: Buffer.from(key).toString("base64"), start_revision: from };
    const answer = await fetch(url + "/v3/watch", { method: "POST", body: JSON.stringify({ create_request }) });
    let text = "";
    for await (const part of answer.body) {
      const atMs = process.hrtime.bigint();
      text += Buffer.from(part).toString();
      for (let end; (end = text.indexOf("\\n")) >= 0; text = text.slice(end + 1)) {
        const { result } = JSON.parse(text.slice(0, end));
        if (result === undefined) return;
        if (result.created) console.log("ready");
        from ??= String(BigInt(result.header.revision) + 1n);
        if ((result.events ?? []).some(({ type }) => type === "DELETE")) console.log("gone " + atMs);
      }
    }
  };
  const keepFollowing = (url) =>
    follow(url).catch((error) => console.error(url, error.message)).finally(() => setTimeout(keepFollowing, 50, url));
  urls.forEach(keepFollowing);`;

const nanosecondsPerMs = 1_000_000;

/** Milliseconds on the clock that all processes of this host share. */
export function sharedMs(): number {
  return Number(process.hrtime.bigint()) / nanosecondsPerMs;
}

/** Waits for the end of a machine's presence in etcd, by the first member that tells of it. */
export class PresenceWatch {
  readonly #child: ChildProcess;
  #said = "";

  private constructor(child: ChildProcess) {
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.#said += text;
      });
    }
    child.once("error", () => undefined);
  }

  /** Watches, through every member of etcd. */
  static async open(lab: MachineLab, machine: string, signal: AbortSignal): Promise<PresenceWatch> {
    const [enter, ...words] = lab.holder.enter();
    const key = `${presences}${lab.machines.id(machine)}`;
    const child = spawn(enter, [...words, process.execPath, "-e", program, key, ...lab.etcd.urls], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    const watch = new PresenceWatch(child);
    try {
      const options = { timeoutMs: readyTimeoutMs, everyMs: 10, signal };
      await until("a watch of a presence", options, () => {
        if (child.exitCode !== null) throw new LabError("failed", "a watch of a presence has ended");
        return watch.#said.split("ready").length > lab.etcd.names.length;
      });
    } catch (error) {
      watch.close();
      throw error;
    }
    return watch;
  }

  /** When the presence ended, on the clock of `sharedMs`; `undefined` until then. */
  get goneMs(): number | undefined {
    const [, nanoseconds] = /^gone (\d+)$/m.exec(this.#said) ?? [];
    return nanoseconds === undefined ? undefined : Number(nanoseconds) / nanosecondsPerMs;
  }

  /** Waits until the presence has ended. @returns when; `undefined` if nobody told of it, with the reason for people. */
  async gone(signal: AbortSignal, say: (why: string) => void): Promise<number | undefined> {
    const options = { timeoutMs: goneTimeoutMs, everyMs: 10, signal };
    try {
      return await until("etcd to tell of the end of a presence", options, () => this.goneMs);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof LabError)) throw error;
      const end = this.#child.exitCode ?? this.#child.signalCode ?? "watches";
      say(`no end of a presence was seen (${end}): ${this.#said.trim().replaceAll("\n", ", ")}`);
      return undefined;
    }
  }

  /** Ends the watch. */
  close(): void {
    this.#child.kill("SIGKILL");
  }
}
