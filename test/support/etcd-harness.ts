import { TcpProxy } from "@fleet/lab";
import { openEtcdStore, type Store } from "@fleet/registry";
import type { StoreHarness, TestLine } from "@fleet/registry/contract";
import { Etcd3 } from "etcd3";
import { TestEtcd } from "./etcd.js";
import { systemClock } from "./system-clock.js";
import { systemRandom } from "./system-random.js";

const never = new AbortController().signal;
const limitMs = 30_000;

/** A harness over a real etcd; the lines are TCP proxies on loopback. */
export async function makeEtcdHarness(): Promise<StoreHarness & { readonly etcd: TestEtcd }> {
  const etcd = await TestEtcd.start();
  const stores: Store[] = [];
  const proxies: TcpProxy[] = [];
  const open = (url: string): Store => {
    const store = openEtcdStore({ endpoints: [url], clock: systemClock, requestTimeoutMs: 2_000 });
    stores.push(store);
    return store;
  };
  const store = open(etcd.url);
  await until("etcd", () => answers(store));
  return {
    etcd,
    store,
    clock: systemClock,
    random: systemRandom,
    line: async () => {
      const proxy = await TcpProxy.listen({ targetPort: etcd.port });
      proxies.push(proxy);
      return tcpLine(proxy, open(`http://127.0.0.1:${proxy.port}`), store);
    },
    until,
    finish: (promise) => promise,
    pass: (ms) => systemClock.sleep(ms, never),
    compact: async (revision) => {
      const client = new Etcd3({ hosts: etcd.url });
      await client.kv.compact({ revision, physical: true });
      client.close();
    },
    wipe: async () => {
      await etcd.wipe();
      await until("etcd", () => answers(store));
    },
    snapshot: async () => {
      const restore = await etcd.snapshot();
      await until("etcd", () => answers(store));
      return {
        restore: async () => {
          await restore();
          await until("etcd", () => answers(store));
        },
      };
    },
    close: async () => {
      await Promise.all(stores.map((opened) => opened.close()));
      await Promise.all(proxies.map((proxy) => proxy.close()));
      await etcd.close();
    },
  };
}

function tcpLine(proxy: TcpProxy, store: Store, observer: Store): TestLine {
  const breakOnce = (): void => {
    proxy.cut();
    proxy.heal();
  };
  let losesNextWrite = false;
  /** Sends a write, and breaks the line once it has happened and before its answer is through. */
  const transactWithoutReply: Store["transact"] = async (transaction, signal) => {
    losesNextWrite = false;
    const before = await revisionOf(observer);
    proxy.stall("to-client");
    const writing = store.transact(transaction, signal);
    writing.catch(() => undefined);
    await until("the write to happen", async () => (await revisionOf(observer)) > before);
    breakOnce();
    return await writing;
  };
  return {
    store: {
      range: (...call) => store.range(...call),
      transact: (transaction, signal) => {
        const isWrite = transaction.success?.some(({ kind }) => kind !== "get") === true;
        return losesNextWrite && isWrite
          ? transactWithoutReply(transaction, signal)
          : store.transact(transaction, signal);
      },
      watch: (...call) => store.watch(...call),
      grantLease: (...call) => store.grantLease(...call),
      keepAliveOnce: (...call) => store.keepAliveOnce(...call),
      revokeLease: (...call) => store.revokeLease(...call),
      leaseTimeToLive: (...call) => store.leaseTimeToLive(...call),
      close: () => store.close(),
    },
    cut: () => proxy.cut(),
    breakOnce,
    stall: (direction) => proxy.stall(direction),
    heal: () => proxy.heal(),
    losingReply: async (action) => {
      losesNextWrite = true;
      return await action();
    },
  };
}

async function revisionOf(store: Store): Promise<number> {
  return (await store.range({ key: "none" }, never)).revision;
}

async function answers(store: Store): Promise<boolean> {
  return await store.range({ key: "none" }, never).then(
    () => true,
    () => false,
  );
}

async function until(what: string, check: () => boolean | Promise<boolean>): Promise<void> {
  const end = systemClock.monotonic() + limitMs;
  while (!(await check())) {
    if (systemClock.monotonic() > end) throw new Error(`waited ${limitMs} ms in vain for ${what}`);
    await systemClock.sleep(10, never);
  }
}
