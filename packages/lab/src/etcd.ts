import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { isPopulated, killGroup, pidsBelow, signalPid } from "./cgroup.js";
import { environment, until } from "./clock.js";
import { shellQuote, standardPath } from "./command.js";
import type { Host } from "./host.js";
import { LabError } from "./lab-error.js";
import { etcdGroup } from "./names.js";
import type { EtcdRecord } from "./state.js";

const startTimeoutMs = 30_000;
const stopTimeoutMs = 15_000;
const probeTimeoutMs = 1_000;

/**
 * Finds an etcd: `FLEET_ETCD`, then PATH, then the caches that `scripts/setup.mjs` fills.
 * @param caches - More directories to look in, each laid out like `/`.
 */
export function findEtcd(caches: readonly string[] = []): string | undefined {
  const chosen = environment("FLEET_ETCD");
  if (chosen) return existsSync(chosen) ? chosen : undefined;
  const inPath = `${environment("PATH") ?? ""}${delimiter}${standardPath}`.split(delimiter).filter(Boolean);
  const cached = [
    ...caches,
    join(process.cwd(), ".cache/etcd"),
    join(environment("XDG_CACHE_HOME") ?? join(homedir(), ".cache"), "fleet/etcd"),
  ];
  return [
    ...inPath.map((place) => join(place, "etcd")),
    ...cached.map((cache) => join(cache, "usr/bin/etcd")),
  ].find((path) => existsSync(path));
}

/** The URL that clients of this etcd use. */
export function etcdUrl(record: EtcdRecord): string {
  return `http://127.0.0.1:${record.clientPort}`;
}

/** The command line of an etcd of one member, on loopback, that forgets old revisions by itself. */
export function etcdCommand(record: EtcdRecord): string[] {
  const peer = `http://127.0.0.1:${record.peerPort}`;
  return [
    record.binary,
    ...["--name", "lab", "--data-dir", record.dataDirectory],
    ...["--listen-client-urls", etcdUrl(record), "--advertise-client-urls", etcdUrl(record)],
    ...["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer],
    ...[
      "--initial-cluster",
      `lab=${peer}`,
      "--initial-cluster-state",
      "new",
      "--initial-cluster-token",
      "lab",
    ],
    ...["--auto-compaction-mode=revision", "--auto-compaction-retention=10000"],
    ...["--log-level", "warn"],
    ...record.extraArgs,
  ];
}

/** Starts etcd in its group and waits until it answers. Does nothing if it runs. */
export async function launchEtcd(
  host: Host,
  record: EtcdRecord,
  directory: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (await isPopulated(host.group(etcdGroup)))
    return await waitHealthy(record, () => false, directory, signal);
  await mkdir(record.dataDirectory, { recursive: true, mode: 0o700 });
  const script = join(directory, "etcd.sh");
  const words = etcdCommand(record).map(shellQuote).join(" ");
  await writeFile(script, `exec env -i PATH=${standardPath} ${words}\n`, { mode: 0o600 });
  const launched = await host.launch(etcdGroup, script, join(directory, "etcd.log"), false, signal);
  await waitHealthy(record, () => launched.exitStatus() !== undefined, directory, signal);
}

async function waitHealthy(
  record: EtcdRecord,
  hasEnded: () => boolean,
  directory: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  await until("etcd to be healthy", { signal, timeoutMs: startTimeoutMs, everyMs: 10 }, async () => {
    if (hasEnded()) {
      const log = await readFile(join(directory, "etcd.log"), "utf8").catch(() => "");
      throw new LabError("failed", `etcd ended at once: ${log.trim().split("\n").slice(-5).join("\n")}`);
    }
    return await isHealthy(etcdUrl(record));
  });
}

/** Asks an etcd whether it can serve: it has a leader and can write. */
export function isHealthy(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request(`${url}/health`, { agent: false, timeout: probeTimeoutMs }, (response) => {
      let body = "";
      response.on("data", (part: Buffer) => {
        body += part.toString();
      });
      response.on("end", () => resolve(response.statusCode === 200 && /"health"\s*:\s*"true"/.test(body)));
      response.on("error", () => resolve(false));
    });
    asked.on("timeout", () => asked.destroy());
    asked.on("error", () => resolve(false));
    asked.end();
  });
}

/** Ends etcd as a service manager would; its data stay. */
export async function terminateEtcd(host: Host, signal: AbortSignal | undefined): Promise<void> {
  const group = host.group(etcdGroup);
  for (const pid of await pidsBelow(group)) signalPid(pid, "SIGTERM");
  await until(
    "etcd to end",
    { signal, timeoutMs: stopTimeoutMs, everyMs: 5 },
    async () => !(await isPopulated(group)),
  );
}

/** Ends etcd as a power cut would; its data stay. */
export async function powerCutEtcd(host: Host, signal: AbortSignal | undefined): Promise<void> {
  await killGroup(host.group(etcdGroup), signal);
}

/** Forgets everything etcd stored. It must not run. */
export async function wipeEtcd(record: EtcdRecord): Promise<void> {
  await rm(record.dataDirectory, { recursive: true, force: true });
}
