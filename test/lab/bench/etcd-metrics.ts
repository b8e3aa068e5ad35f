import { LabError, runCommand } from "@fleet/lab";
import type { MachineLab } from "../lab.js";
import { addressOf } from "../network.js";

/** What an etcd member has done since it was started. */
export interface EtcdCounts {
  /** Messages of clients, by the method: on a stream each of them counts. */
  readonly requests: Readonly<Record<string, number>>;
  /** Keys that were put or deleted. Renewals of leases write none. */
  readonly writes: number;
}

const member = "e1";

// This process is not in the lab's network. etcd answers gRPC as JSON too.
const program = `
  const [url, body] = process.argv.slice(1);
  fetch(url, body === undefined ? {} : { method: "POST", body })
    .then((answer) => answer.text())
    .then((text) => process.stdout.write(text));`;

// Member to member, and etcd's own maintenance.
const notOfClients = new Set(["Status", "Snapshot", "Defragment", "Hash", "HashKV", "Alarm", "MoveLeader"]);

/** Reads a member's metrics from inside the lab's network. */
export async function etcdCounts(lab: MachineLab): Promise<EtcdCounts> {
  return readCounts(await ask(lab, "/metrics"));
}

/** The machines that are named in the values of all keys that begin so. */
export async function holdersOf(lab: MachineLab, prefix: string): Promise<ReadonlySet<string>> {
  // The end of a range of all keys with a prefix is that prefix with its last byte raised.
  const end = prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
  const text = await ask(lab, "/v3/kv/range", { key: btoa(prefix), range_end: btoa(end) });
  const { kvs = [] } = JSON.parse(text) as { readonly kvs?: readonly { readonly value: string }[] };
  const holders = kvs.map(({ value }) => (JSON.parse(atob(value)) as { readonly machine?: string }).machine);
  return new Set(holders.filter((machine) => machine !== undefined));
}

async function ask(lab: MachineLab, path: string, body?: object): Promise<string> {
  const url = `http://${addressOf(member)}:2379${path}`;
  const [enter, ...words] = lab.holder.enter();
  const asked = await runCommand([
    ...[enter, ...words, process.execPath, "-e", program, url],
    ...(body === undefined ? [] : [JSON.stringify(body)]),
  ] as [string, ...string[]]);
  if (asked.code !== 0) throw new LabError("failed", `${member} does not answer: ${asked.stderr}`);
  return asked.stdout;
}

/** Reads what etcd's metrics say in Prometheus's text format. */
export function readCounts(text: string): EtcdCounts {
  const requests: Record<string, number> = {};
  for (const [, method = "", count] of text.matchAll(
    /^grpc_server_msg_received_total\{grpc_method="(\w+)",.*\} (\S+)$/gm,
  )) {
    if (!notOfClients.has(method)) requests[method] = (requests[method] ?? 0) + Number(count);
  }
  const total = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1] ?? 0);
  const writes =
    total("etcd_debugging_mvcc_put_total") +
    total("etcd_debugging_mvcc_delete_total") +
    total("etcd_mvcc_put_total") +
    total("etcd_mvcc_delete_total");
  return { requests, writes };
}

/** What came in between two readings, a second. */
export function ratesBetween(
  before: EtcdCounts,
  after: EtcdCounts,
  seconds: number,
): Readonly<Record<string, number>> {
  const methods = Object.keys(after.requests);
  const rates = methods.map((method) => {
    const count = (after.requests[method] ?? 0) - (before.requests[method] ?? 0);
    return [method, count / seconds] as const;
  });
  return Object.fromEntries(rates.filter(([, rate]) => rate > 0));
}
