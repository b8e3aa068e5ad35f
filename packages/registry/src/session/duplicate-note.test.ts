import { describe, expect, test } from "vitest";
import { ClusterState } from "../cluster-state.js";
import { encodePresence } from "../codec.js";
import { machineId } from "../contract/daemon.js";
import { VirtualClock } from "../contract/virtual-clock.js";
import { Keys } from "../keys.js";
import { MemoryEtcd } from "../memory/memory-etcd.js";
import { Trust } from "../trust.js";
import { noteDuplicate } from "./duplicate-note.js";

const never = new AbortController().signal;
const m1 = machineId("m1");
const refused = { id: m1, primaryIp: "192.0.2.8", apiAddresses: ["http://192.0.2.8:80"] };

async function prepare() {
  const clock = new VirtualClock();
  const keys = new Keys();
  const store = new MemoryEtcd(clock).connect();
  const options = { trust: new Trust(store), keys, clock } as never;
  const read = async () => {
    const state = new ClusterState(keys);
    const { items, revision } = await store.range({ prefix: keys.prefix }, never);
    state.load(items, revision);
    return state.view();
  };
  const join = async () => {
    const leaseId = await store.grantLease(7_200, never);
    const presence = {
      ...{ id: m1, primaryIp: "192.0.2.1", apiAddresses: [], metadata: {}, version: "1", bootId: "b" },
      ...{ instance: "i", state: "up" as const },
    };
    await store.transact(
      { success: [{ kind: "put", key: keys.presence(m1), value: encodePresence(presence), leaseId }] },
      never,
    );
  };
  return { clock, options, read, join };
}

describe("the note of a machine that was refused", () => {
  test("stands beside the machine that has the id, for an hour", async () => {
    const { clock, options, read, join } = await prepare();
    await join();
    await noteDuplicate(options, refused, never);
    const view = await read();
    expect(view.machines.get(m1)).toMatchObject({
      presence: { primaryIp: "192.0.2.1" },
      duplicate: { primaryIp: "192.0.2.8", apiAddresses: ["http://192.0.2.8:80"] },
    });
    expect(view.unreadable).toEqual([]);
    await clock.advance(3_601_000);
    expect((await read()).machines.get(m1)).not.toHaveProperty("duplicate");
  });

  test("is not left where nobody has the id any more", async () => {
    const { options, read } = await prepare();
    await noteDuplicate(options, refused, never);
    expect((await read()).machines.size).toBe(0);
  });
});
