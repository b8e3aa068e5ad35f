import type { Etcd3 } from "etcd3";
import type { LeaseId } from "../store.js";

/**
 * Renews a lease once, on a stream of its own. etcd3's lease reports its loss only after two to three lifetimes
 * without an answer, so what an unanswered renewal means is for the caller to decide.
 * @param deadline - When to give up, in ms since the Unix epoch.
 * @returns the seconds that the lease has now; 0 if there is none.
 */
export async function renewEtcdLease(client: Etcd3, leaseId: LeaseId, deadline: number): Promise<number> {
  const stream = await client.leaseClient.leaseKeepAlive({ deadline });
  return await new Promise<number>((resolve, reject) => {
    stream.on("error", reject);
    stream.on("end", () => reject(new Error("etcd ended the stream without an answer")));
    stream.on("data", (answer) => {
      stream.end();
      resolve(Number(answer.TTL));
    });
    stream.write({ ID: leaseId });
  });
}
