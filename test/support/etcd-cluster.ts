import { TestEtcd } from "./etcd.js";

/** Three members of one etcd on loopback, in memory, for what one alone cannot show. */
export async function startEtcdCluster(): Promise<readonly TestEtcd[]> {
  const members = await Promise.all([TestEtcd.prepare(), TestEtcd.prepare(), TestEtcd.prepare()]);
  const peers = members.map((member) => member.peer);
  await Promise.all(members.map((member) => member.launch(peers)));
  return members;
}
