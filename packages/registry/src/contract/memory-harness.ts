import { MemoryEtcd } from "../memory/memory-etcd.js";
import type { StoreHarness, TestLine } from "./harness.js";
import { VirtualClock } from "./virtual-clock.js";

/** A harness over the twin and a virtual clock. */
export async function makeMemoryHarness(): Promise<
  StoreHarness & { readonly clock: VirtualClock; readonly etcd: MemoryEtcd }
> {
  const clock = new VirtualClock();
  const etcd = new MemoryEtcd(clock);
  return {
    etcd,
    store: etcd.connect(),
    clock,
    random: clock,
    line: async () => memoryLine(etcd),
    until: (what, check) => clock.until(what, check),
    finish: async (promise) => {
      let isSettled = false;
      const settled = (): void => {
        isSettled = true;
      };
      promise.then(settled, settled);
      await clock.until("a promise to settle", () => isSettled);
      return await promise;
    },
    pass: (ms) => clock.advance(ms),
    compact: async (revision) => etcd.compact(revision),
    wipe: async () => etcd.wipe(),
    snapshot: async () => {
      const snapshot = etcd.snapshot();
      return { restore: async () => etcd.restore(snapshot) };
    },
    close: () => etcd.close(),
  };
}

function memoryLine(etcd: MemoryEtcd): TestLine {
  const store = etcd.connect();
  return {
    store,
    cut: () => store.cut(),
    breakOnce: () => store.breakLine(),
    stall: (direction) => store.stall(direction),
    heal: () => store.heal(),
    losingReply: async (action) => {
      store.loseReplies(1);
      return await action();
    },
  };
}
