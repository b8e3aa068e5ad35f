import { readFile } from "node:fs/promises";
import {
  isPopulated,
  killGroup,
  LabError,
  pidsIn,
  runCommand,
  runOrThrow,
  signalPid,
  until,
} from "@fleet/lab";
import type { Holder } from "./holder.js";
import { launch } from "./launch.js";
import { addressOf, plugIn, silence, unplug } from "./network.js";
import type { LabPaths } from "./paths.js";

const timeoutMs = 30_000;

/** etcd's members, each on a leg of its own, as if on machines that do nothing else. */
export class EtcdMembers {
  readonly #holder: Holder;
  readonly #paths: LabPaths;
  readonly #binary: string;
  /** `e1`, `e2`, … */
  readonly names: readonly string[];

  constructor(holder: Holder, paths: LabPaths, binary: string, count: number) {
    this.#holder = holder;
    this.#paths = paths;
    this.#binary = binary;
    this.names = Array.from({ length: count }, (_, index) => `e${index + 1}`);
  }

  /** What clients use. */
  get urls(): readonly string[] {
    return this.names.map(clientUrl);
  }

  /** Starts members that do not run, with the data they have, and waits until they answer that all is well. */
  async start(names: readonly string[] = this.names, extraArgs: readonly string[] = []): Promise<void> {
    const ended = new Map<string, () => boolean>();
    for (const name of names) {
      if (await this.isRunning(name)) continue;
      await plugIn(this.#holder, name);
      const started = launch(
        this.#holder,
        name,
        [
          "ip",
          "netns",
          "exec",
          name,
          "env",
          "-i",
          "PATH=/usr/bin:/bin",
          ...this.#command(name),
          ...extraArgs,
        ],
        this.log(name),
      );
      ended.set(name, () => started.exitStatus() !== undefined);
    }
    await until("etcd to be healthy", { timeoutMs, everyMs: 20 }, async () => {
      for (const [name, hasEnded] of ended) {
        if (!hasEnded()) continue;
        const said = (await readFile(this.log(name), "utf8")).trim().split("\n").slice(-5).join("\n");
        throw new LabError("failed", `etcd member ${name} ended at once: ${said}`);
      }
      for (const name of names) if (!(await this.isHealthy(name))) return false;
      return true;
    });
  }

  #command(name: string): [string, ...string[]] {
    const peer = `http://${addressOf(name)}:2380`;
    const cluster = this.names.map((member) => `${member}=http://${addressOf(member)}:2380`);
    return [
      this.#binary,
      ...["--name", name, "--data-dir", `${this.#paths.disk}/${name}`],
      ...["--listen-client-urls", `${clientUrl(name)},http://127.0.0.1:2379`],
      ...["--advertise-client-urls", clientUrl(name)],
      ...["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer],
      ...["--initial-cluster", cluster.join(","), "--initial-cluster-state", "new"],
      ...["--initial-cluster-token", "fleet-machines", "--log-level", "warn"],
      ...["--auto-compaction-mode=revision", "--auto-compaction-retention=10000"],
    ];
  }

  /** Where a member's log is. */
  log(name: string): string {
    return `${this.#paths.logs}/${name}.log`;
  }

  /** Whether a member has a process. */
  async isRunning(name: string): Promise<boolean> {
    return await isPopulated(this.#holder.group(name));
  }

  /** Whether a member answers that it can serve: it sees a leader and can write. */
  async isHealthy(name: string): Promise<boolean> {
    const [program, ...words] = this.#holder.enter();
    const asked = await runCommand([program, ...words, ...httpGet(`${clientUrl(name)}/health`)]);
    return /"health"\s*:\s*"true"/.test(asked.stdout);
  }

  /** The member that leads; `undefined` while there is none. */
  async leader(): Promise<string | undefined> {
    for (const name of this.names) {
      const [program, ...words] = this.#holder.enter();
      const asked = await runCommand([program, ...words, ...httpGet(`${clientUrl(name)}/metrics`)]);
      if (/^etcd_server_is_leader 1$/m.test(asked.stdout)) return name;
    }
    return undefined;
  }

  /** Ends members with SIGKILL: their connections are closed, their data stay. */
  async kill(names: readonly string[] = this.names): Promise<void> {
    await Promise.all(names.map((name) => killGroup(this.#holder.group(name))));
  }

  /** Cuts the power of members: nobody is told, their data stay. */
  async cutPower(names: readonly string[]): Promise<void> {
    for (const name of names) {
      await silence(this.#holder, name);
      await killGroup(this.#holder.group(name));
      await unplug(this.#holder, name);
    }
  }

  /** Ends members with SIGTERM. */
  async stop(names: readonly string[] = this.names): Promise<void> {
    for (const name of names) {
      for (const pid of await pidsIn(this.#holder.group(name))) signalPid(pid, "SIGTERM");
    }
    await until("etcd to end", { timeoutMs, everyMs: 10 }, async () => {
      for (const name of names) if (await this.isRunning(name)) return false;
      return true;
    });
  }

  /** Keeps a copy of what every member has stored, under a name. None may run. */
  async copyData(name: string): Promise<void> {
    const { disk } = this.#paths;
    for (const member of this.names)
      await this.#holder.run(
        'rm -rf "$2"; cp -a "$1" "$2"',
        `${disk}/${member}`,
        `${disk}/${member}-${name}`,
      );
  }

  /** Gives every member what a copy of that name holds. None may run. */
  async restoreData(name: string): Promise<void> {
    const { disk } = this.#paths;
    for (const member of this.names)
      await this.#holder.run(
        'rm -rf "$1"; cp -a "$2" "$1"',
        `${disk}/${member}`,
        `${disk}/${member}-${name}`,
      );
  }

  /** Forgets all revisions but the newest. @returns that one. */
  async compact(): Promise<string> {
    return await this.#ask(
      `const { header } = await ask("/v3/kv/range", { key: "AA==" });
      await ask("/v3/kv/compaction", { revision: header.revision, physical: true });
      process.stdout.write(header.revision);`,
    );
  }

  /** Reads a key; `undefined` if it is not there. */
  async get(key: string): Promise<string | undefined> {
    const said = await this.#ask(
      `const { kvs = [] } = await ask("/v3/kv/range", { key: base64(args[0]) });
      process.stdout.write(JSON.stringify(kvs.map(({ value = "" }) => Buffer.from(value, "base64").toString())));`,
      key,
    );
    return (JSON.parse(said) as readonly string[])[0];
  }

  /** The TTL, in seconds, that the lease of a key was granted with; `undefined` if there is no such key or lease. */
  async leaseSeconds(key: string): Promise<number | undefined> {
    const said = await this.#ask(
      `const { kvs = [] } = await ask("/v3/kv/range", { key: base64(args[0]) });
      const ID = kvs[0]?.lease;
      const { grantedTTL } = ID === undefined ? {} : await ask("/v3/lease/timetolive", { ID });
      process.stdout.write(grantedTTL ?? "");`,
      key,
    );
    return said === "" ? undefined : Number(said);
  }

  /** Writes a key by hand. */
  async put(key: string, value: string): Promise<void> {
    await this.#ask('await ask("/v3/kv/put", { key: base64(args[0]), value: base64(args[1]) });', key, value);
  }

  /** Removes a key by hand. */
  async remove(key: string): Promise<void> {
    await this.#ask('await ask("/v3/kv/deleterange", { key: base64(args[0]) });', key);
  }

  async #ask(program: string, ...args: readonly string[]): Promise<string> {
    const [url = ""] = this.urls;
    const node = [process.execPath, "--input-type=module", "-e", `${askProgram}${program}`];
    const [enter, ...words] = this.#holder.enter();
    return await runOrThrow([enter, ...words, ...node, url, ...args]);
  }

  /** Forgets everything a member stored. It must not run. */
  async wipe(names: readonly string[] = this.names): Promise<void> {
    for (const name of names) await this.#holder.run('rm -rf "$1"', `${this.#paths.disk}/${name}`);
  }
}

function clientUrl(name: string): string {
  return `http://${addressOf(name)}:2379`;
}

// etcd answers gRPC as JSON too: bytes are base64 there ("AA==" is one zero byte: any key will do).
const askProgram = `
  const [url, ...args] = process.argv.slice(1);
  const base64 = (text) => Buffer.from(text).toString("base64");
  const ask = async (path, body) => {
    const answer = await fetch(url + path, { method: "POST", body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(path + ": " + (await answer.text()));
    return await answer.json();
  };`;

// There is no curl on a small Debian, and this process is not in the lab's network.
function httpGet(url: string): [string, ...string[]] {
  const program = `
    require("node:http").get(process.argv[1], { timeout: 1000 }, (answer) => answer.pipe(process.stdout))
      .on("timeout", function () { this.destroy(); }).on("error", () => { process.exitCode = 1; });`;
  return [process.execPath, "-e", program, url];
}
