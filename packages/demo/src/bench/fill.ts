import { setTimeout as pause } from "node:timers/promises";

/** Requests to the API under way at a time while units are submitted. */
const submittersMax = 16;
/** Below the limit of etcd for one transaction. */
const putsAtOnce = 100;
const machineId = "b".repeat(32);
const leaseSeconds = 3_600;
const settleMsMax = 60_000;

/** Where a cluster is to be filled. */
export interface FillOptions {
  readonly etcdUrl: string;
  readonly apiUrl: string;
}

const nameOf = (number: number): string => `bench-${String(number).padStart(5, "0")}.service`;
const textOf = (number: number): string =>
  `[Unit]\nDescription=Unit ${number} of the benchmark\n[Service]\nExecStart=/bin/sleep ${number}\nRestart=always\n`;

/**
 * Brings a cluster to `to` units, of which it has `from`: submitted through the API, and reported as loaded by a machine
 * that exists in etcd alone, because listing is to be measured and not systemd. Nobody may lead the cluster, or these
 * reports would be acted upon.
 */
export async function fillCluster(options: FillOptions, from: number, to: number): Promise<void> {
  const numbers = Array.from({ length: to - from }, (_, index) => from + index);
  await submitAll(options.apiUrl, numbers);
  await reportAll(options.etcdUrl, numbers, from === 0);
  await untilListed(options.apiUrl, to);
}

async function submitAll(apiUrl: string, numbers: readonly number[]): Promise<void> {
  const queue = [...numbers];
  const submit = async (): Promise<void> => {
    for (let number = queue.pop(); number !== undefined; number = queue.pop()) {
      const url = `${apiUrl}/fleet/v2/units/${nameOf(number)}`;
      const answer = await fetch(url, { method: "PUT", body: JSON.stringify({ text: textOf(number) }) });
      if (!answer.ok) throw new Error(`cannot submit ${nameOf(number)}: ${await answer.text()}`);
      await answer.arrayBuffer();
    }
  };
  await Promise.all(Array.from({ length: submittersMax }, submit));
}

async function reportAll(etcdUrl: string, numbers: readonly number[], isFirst: boolean): Promise<void> {
  const prefix = "/_coreos.com/fleet/";
  const puts: (readonly [key: string, value: object])[] = numbers.map((number) => [
    `${prefix}states/${machineId}/${nameOf(number)}`,
    {
      condition: "loaded",
      loadState: "loaded",
      activeState: "inactive",
      subState: "dead",
      contentId: "",
      hash: "0".repeat(40),
      sinceMs: 0,
    },
  ]);
  const lease = await askEtcd<{ readonly ID: string }>(etcdUrl, "lease/grant", { TTL: leaseSeconds });
  if (isFirst) {
    const presence = { primaryIp: "192.0.2.1", apiAddresses: [], metadata: {}, version: "0" };
    const instance = { bootId: "bench", instance: "bench", state: "up" };
    puts.push([`${prefix}machines/${machineId}`, { ...presence, ...instance }]);
  }
  for (let at = 0; at < puts.length; at += putsAtOnce) {
    const success = puts.slice(at, at + putsAtOnce).map(([key, value]) => ({
      request_put: { key: btoa(key), value: btoa(JSON.stringify(value)), lease: lease.ID },
    }));
    await askEtcd(etcdUrl, "kv/txn", { success });
  }
}

async function askEtcd<T>(etcdUrl: string, call: string, body: object): Promise<T> {
  const answer = await fetch(`${etcdUrl}/v3/${call}`, { method: "POST", body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`etcd ${call}: ${await answer.text()}`);
  return (await answer.json()) as T;
}

async function untilListed(apiUrl: string, count: number): Promise<void> {
  const end = performance.now() + settleMsMax;
  for (;;) {
    const urls = await pageUrls(apiUrl, "state", "states");
    if (urls.entries === count) return;
    if (performance.now() > end) throw new Error(`${urls.entries} of ${count} units are listed`);
    await pause(100);
  }
}

/** The URLs of all pages of a list as it is now, and how many entries they have together. */
export async function pageUrls(
  apiUrl: string,
  resource: string,
  key: string,
): Promise<{ readonly urls: readonly string[]; readonly entries: number }> {
  const urls: string[] = [];
  let entries = 0;
  for (let token: string | undefined = ""; token !== undefined; ) {
    const url: string = `${apiUrl}/fleet/v1/${resource}${token === "" ? "" : `?nextPageToken=${token}`}`;
    const page = (await (await fetch(url)).json()) as Record<string, unknown[] | string | undefined>;
    urls.push(url);
    entries += page[key]?.length ?? 0;
    token = page.nextPageToken as string | undefined;
  }
  return { urls, entries };
}
