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

// Member to member, and etcd's own maintenance.
const notOfClients = new Set(["Status", "Snapshot", "Defragment", "Hash", "HashKV", "Alarm", "MoveLeader"]);

/** Reads a member's metrics from inside the lab's network. */
export async function etcdCounts(lab: MachineLab, member = "e1"): Promise<EtcdCounts> {
  const url = `http://${addressOf(member)}:2379/metrics`;
  const program = `fetch(process.argv[1]).then((answer) => answer.text()).then((text) => process.stdout.write(text))`;
  const [enter, ...words] = lab.holder.enter();
  const asked = await runCommand([enter, ...words, process.execPath, "-e", program, url]);
  if (asked.code !== 0) throw new LabError("failed", `${member} does not tell its metrics: ${asked.stderr}`);
  return readCounts(asked.stdout);
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
