import { parseMachineId, parseUnitName, unitContentFromText } from "@fleet/core";
import type { GuardedChange, Leadership } from "@fleet/core/ports";
import { createElection, createLeaderRegistry, Keys, openEtcdStore, Trust } from "@fleet/registry";
import { expect, test } from "vitest";
import { makeEtcdHarness } from "../support/etcd-harness.js";
import { LateProxy } from "../support/late-proxy.js";
import { silentLogger } from "../support/silent-logger.js";
import { systemClock } from "../support/system-clock.js";
import { systemRandom } from "../support/system-random.js";

const never = new AbortController().signal;
const keys = new Keys();
const machine = parseMachineId("1".repeat(32));
const other = parseMachineId("2".repeat(32));
const unit = parseUnitName("web.service");

test("what etcd gets on a connection that its leader has long lost does not seat anything", async () => {
  const harness = await makeEtcdHarness();
  const proxy = await LateProxy.listen(harness.etcd.port);
  const store = openEtcdStore({ endpoints: [proxy.url], clock: systemClock, requestTimeoutMs: 2_000 });
  const options = {
    ...{ trust: new Trust(store), keys, clock: systemClock, random: systemRandom, logger: silentLogger },
  };
  const leaderRegistry = createLeaderRegistry(options);
  const election = createElection({ ...options, machine, instance: "one", leaderTtlSeconds: 10 });
  const stop = new AbortController();
  let leadership: Leadership | undefined;
  const running = election.run(async (won) => {
    leadership = won;
    await new Promise((resolve) => won.signal.addEventListener("abort", resolve, { once: true }));
  }, stop.signal);
  try {
    await harness.until("a leader", () => leadership !== undefined);
    proxy.hold();
    const committing = leaderRegistry.commit(leadership!, [seatUnlessPresent()], never);
    await harness.until("the write to be on its way", () => proxy.keeps(keys.seat(machine, unit)));
    const put = { kind: "put", key: keys.presence(other), value: "{}" } as const;
    await harness.store.transact({ success: [put] }, never);
    proxy.drop();
    expect((await committing).outcomes).toEqual(["stale"]);
    await harness.store.transact({ success: [{ kind: "delete", key: keys.presence(other) }] }, never);
    await proxy.deliver();
    expect((await harness.store.range({ prefix: keys.schedule }, never)).items).toEqual([]);
    expect(leadership!.signal.aborted).toBe(false);
  } finally {
    stop.abort();
    await running;
    await store.close();
    await proxy.close();
    await harness.close();
  }
});

/** A seat, because another machine is away. */
function seatUnlessPresent(): GuardedChange {
  const { contentId, hash } = unitContentFromText("[Service]\nExecStart=/bin/true\n");
  const seat = { machine, unit, contentId, hash, target: "launched", startCount: 1, reason: "test" } as const;
  return {
    unit,
    guards: [
      { kind: "seat", machine, unit, revision: 0 },
      { kind: "presence", machine: other, revision: 0 },
    ],
    writes: [{ kind: "put-seat", seat }],
  };
}
