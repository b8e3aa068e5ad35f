import { isFleetError } from "@fleet/core";
import { describe, expect, test } from "vitest";
import { VirtualClock } from "./contract/virtual-clock.js";
import { LeaseKeeper } from "./lease-keeper.js";
import { MemoryEtcd } from "./memory/memory-etcd.js";

const never = new AbortController().signal;

/** A keeper of a lease over a line whose answers take their time. */
async function keep(latencyMs = 400, ttlSeconds = 3) {
  const clock = new VirtualClock();
  const etcd = new MemoryEtcd(clock);
  const line = etcd.connect({ latencyMs: () => latencyMs });
  const events: string[] = [];
  const granting = LeaseKeeper.grant(
    {
      store: line,
      clock,
      ttlSeconds,
      onRenewed: () => events.push(`renewed at ${clock.boottime()}`),
      onFailed: ({ code }) => events.push(`${code} at ${clock.boottime()}`),
    },
    never,
  );
  await clock.advance(latencyMs);
  const keeper = await granting;
  const stop = new AbortController();
  const running = keeper.run(stop.signal);
  running.catch(() => undefined);
  return { clock, etcd, line, keeper, events, running, stop };
}

describe("a kept lease", () => {
  test("is valid from when its grant and each renewal were sent, not from when they were answered", async () => {
    const { clock, keeper, events, stop, running } = await keep();
    expect(keeper.validUntilMs).toBe(3_000);
    await clock.advance(1_100);
    expect([events, keeper.validUntilMs]).toEqual([["renewed at 1400"], 4_000]);
    stop.abort();
    await running;
  });

  test("is never held valid for longer than etcd keeps it", async () => {
    const { clock, etcd, line, keeper, stop } = await keep();
    await clock.advance(2_500);
    line.stall("both");
    const { leaseId } = keeper;
    const observer = etcd.connect();
    await clock.until("the lease to end", async () => {
      return (await observer.leaseTimeToLive(leaseId, never)) === undefined;
    });
    expect(keeper.validUntilMs).toBeLessThanOrEqual(clock.boottime());
    stop.abort();
  });

  test("is not prolonged by renewals that got no answer, and renewed soon after one that failed", async () => {
    const { clock, line, keeper, events } = await keep(0);
    line.cut();
    await clock.advance(1_600);
    expect(events).toEqual(["unavailable at 1000", "unavailable at 1250", "unavailable at 1500"]);
    expect(keeper.validUntilMs).toBe(3_000);
    line.heal();
    await clock.advance(200);
    expect(keeper.validUntilMs).toBe(4_750);
  });

  test("knocks anew while a try waits, and counts from the one that was answered", async () => {
    const clock = new VirtualClock();
    const line = new MemoryEtcd(clock).connect();
    const calls: { readonly atMs: number; readonly signal: AbortSignal }[] = [];
    const store = Object.assign(Object.create(line) as typeof line, {
      grantLease: line.grantLease.bind(line),
      keepAliveOnce: (leaseId: string, signal: AbortSignal) => {
        calls.push({ atMs: clock.boottime(), signal });
        return calls.length < 3 ? new Promise<number>(() => undefined) : line.keepAliveOnce(leaseId, signal);
      },
    });
    const keeper = await LeaseKeeper.grant({ store, clock, ttlSeconds: 3 }, never);
    const stop = new AbortController();
    const running = keeper.run(stop.signal);
    await clock.advance(1_700);
    expect(calls.map(({ atMs }) => atMs)).toEqual([1_000, 1_250, 1_500]);
    expect(calls.slice(0, 2).every(({ signal }) => signal.aborted)).toBe(true);
    expect(keeper.validUntilMs).toBe(4_500);
    await clock.advance(800);
    expect(calls.at(-1)?.atMs).toBe(2_000);
    stop.abort();
    await running;
  });

  test("is renewed together with the others of its process, and never late", async () => {
    const clock = new VirtualClock();
    const line = new MemoryEtcd(clock).connect();
    const stop = new AbortController();
    const sent: string[] = [];
    const begin = async (ttlSeconds: number) => {
      const onRenewed = () => sent.push(`${ttlSeconds} at ${clock.boottime()}`);
      const keeper = await LeaseKeeper.grant({ store: line, clock, ttlSeconds, onRenewed }, never);
      void keeper.run(stop.signal);
    };
    await begin(12);
    await clock.advance(1_700);
    await begin(6);
    await clock.advance(7_000);
    stop.abort();
    expect(sent).toEqual(["6 at 2000", "12 at 4000", "6 at 4000", "6 at 6000", "12 at 8000", "6 at 8000"]);
  });

  test("is not renewed twice because a timer was early", async () => {
    const clock = new VirtualClock();
    const line = new MemoryEtcd(clock).connect();
    const stop = new AbortController();
    const sent: number[] = [];
    const early = Object.assign(Object.create(clock) as typeof clock, {
      boottime: () => clock.boottime(),
      sleep: (ms: number, signal: AbortSignal) => clock.sleep(Math.max(ms - 1, 0), signal),
    });
    const onRenewed = () => sent.push(clock.boottime());
    const keeper = await LeaseKeeper.grant({ store: line, clock: early, ttlSeconds: 3, onRenewed }, never);
    void keeper.run(stop.signal);
    await clock.advance(3_500);
    stop.abort();
    expect(sent).toEqual([999, 1_999, 2_999]);
  });

  test("is tried for by one at a time once it may be over", async () => {
    const { clock, line, events } = await keep(0);
    line.stall("both");
    await clock.advance(4_000);
    events.length = 0;
    await clock.advance(3_000);
    expect(events).toEqual(["deadline-exceeded at 5000", "deadline-exceeded at 6250"]);
  });

  test("outlives renewals that nobody answers for half its life, as of dead members of etcd", async () => {
    const { clock, line, keeper, events } = await keep(0, 12);
    line.stall("both");
    await clock.advance(8_300);
    expect(events).toEqual([6_000, 6_500, 7_000, 7_500, 8_000].map((atMs) => `deadline-exceeded at ${atMs}`));
    line.heal();
    await clock.advance(300);
    expect(keeper.validUntilMs).toBe(20_000);
  });

  test("ends as not found when etcd says that it is gone", async () => {
    const { clock, etcd, keeper, running } = await keep(0);
    await etcd.connect().revokeLease(keeper.leaseId, never);
    await clock.advance(1_000);
    const error = await running.catch((caught: unknown) => caught);
    expect(isFleetError(error, "not-found")).toBe(true);
  });

  test("has lapsed a margin before it may be over, and lives on if it is renewed meanwhile", async () => {
    const { clock, line, keeper } = await keep(0);
    let lapsedMs: number | undefined;
    void keeper.untilLapsed(300, never).then(() => {
      lapsedMs = clock.boottime();
    });
    await clock.advance(5_500);
    line.cut();
    await clock.advance(10_000);
    expect(lapsedMs).toBe(5_000 + 3_000 - 300);
  });
});
