import { isFleetError, type Presence } from "@fleet/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { machineId } from "../contract/daemon.js";
import { VirtualClock } from "../contract/virtual-clock.js";
import { MemoryEtcd } from "../memory/memory-etcd.js";
import { Trust } from "../trust.js";
import { waitUntilRemnant } from "./duplicate.js";

const never = new AbortController().signal;

/** A lease on an etcd of its own, and somebody else who judges whether its owner lives. */
async function prepare(ttlSeconds: number, latencyMs: () => number = () => 0) {
  const clock = new VirtualClock();
  const etcd = new MemoryEtcd(clock);
  const owner = etcd.connect();
  const leaseId = await owner.grantLease(ttlSeconds, never);
  const presence = { leaseId, primaryIp: "127.0.0.11", apiAddresses: [] } as unknown as Presence;
  const description = { id: machineId("m1"), primaryIp: "127.0.0.12", apiAddresses: [] };
  const judge = () =>
    waitUntilRemnant(
      { clock, trust: new Trust(etcd.connect({ latencyMs })), description } as never,
      presence,
      never,
    ).then(
      () => "remnant",
      (error: unknown) => (isFleetError(error, "already-exists") ? "duplicate" : String(error)),
    );
  return { clock, etcd, owner, leaseId, judge };
}

describe("a presence of another boot", () => {
  test("is a duplicate's while its lease is renewed, however unevenly and whenever it is looked at", async () => {
    const lifetimes = fc.constantFrom(2, 3, 5, 10, 30);
    const gaps = fc.array(fc.double({ min: 1 / 3, max: 0.49, noNaN: true }), {
      minLength: 12,
      maxLength: 12,
    });
    const latencies = fc.array(fc.double({ min: 0, max: 0.1, noNaN: true }), { minLength: 8, maxLength: 8 });
    const phases = fc.double({ min: 0, max: 1, noNaN: true });
    await fc.assert(
      fc.asyncProperty(lifetimes, gaps, latencies, phases, async (ttlSeconds, shares, delays, phase) => {
        const ttlMs = ttlSeconds * 1000;
        let calls = 0;
        const latencyMs = () => {
          calls += 1;
          return (delays[calls % delays.length] ?? 0) * ttlMs;
        };
        const { clock, owner, leaseId, judge } = await prepare(ttlSeconds, latencyMs);
        const stop = new AbortController();
        const living = (async () => {
          for (let turn = 0; !stop.signal.aborted; turn += 1) {
            await clock.sleep((shares[turn % shares.length] ?? 0) * ttlMs, stop.signal);
            await owner.keepAliveOnce(leaseId, never);
          }
        })().catch(() => undefined);
        await clock.advance(phase * ttlMs);
        let verdict: string | undefined;
        void judge().then((judged) => (verdict = judged));
        await clock.until("a verdict", () => verdict !== undefined, 20 * ttlMs);
        stop.abort();
        await living;
        expect(verdict).toBe("duplicate");
      }),
      { numRuns: 150 },
    );
  });

  test.each([4, 5, 6, 10, 30])(
    "is a duplicate's that misses a renewal of its lease of %i s, whenever it is looked at",
    async (ttlSeconds) => {
      const ttlMs = ttlSeconds * 1000;
      // The renewal after the first begins a third of a lifetime late, and takes a little while.
      const gaps = [1 / 3, 2 / 3 + 1 / 50, ...Array.from({ length: 12 }, () => 1 / 3)];
      for (const phase of [0, 0.2, 0.4, 0.6, 0.8, 0.95]) {
        const { clock, owner, leaseId, judge } = await prepare(ttlSeconds);
        const stop = new AbortController();
        const living = (async () => {
          for (const gap of gaps) {
            await clock.sleep(gap * ttlMs, stop.signal);
            await owner.keepAliveOnce(leaseId, never);
          }
        })().catch(() => undefined);
        await clock.advance(phase * ttlMs);
        let verdict: string | undefined;
        void judge().then((judged) => (verdict = judged));
        await clock.advance(3 * ttlMs);
        stop.abort();
        await living;
        expect(verdict, `looked at after ${phase} lifetimes`).toBe("duplicate");
      }
    },
  );

  test.each([2, 3, 5, 10, 30])(
    "is a remnant before its lease of %i s ends, if nobody renews it",
    async (ttlSeconds) => {
      for (const phase of [0, 0.1, 0.35, 0.6, 0.9]) {
        const { clock, owner, leaseId, judge } = await prepare(ttlSeconds);
        await clock.advance(phase * ttlSeconds * 1000);
        let verdict: string | undefined;
        void judge().then((judged) => (verdict = judged));
        await clock.until("a verdict", () => verdict !== undefined, 2_000 * ttlSeconds);
        expect(verdict).toBe("remnant");
        expect(await owner.leaseTimeToLive(leaseId, never)).toBeDefined();
      }
    },
  );

  test("is a remnant if its lease began anew with each of etcd's leaders", async () => {
    const { clock, etcd, judge } = await prepare(10);
    let verdict: string | undefined;
    void judge().then((judged) => (verdict = judged));
    for (let turn = 0; turn < 4; turn += 1) {
      await clock.advance(4_000);
      etcd.renewLeases();
    }
    await clock.until("a verdict", () => verdict !== undefined, 12_000);
    expect(verdict).toBe("remnant");
  });

  test("is a remnant if its lease began anew once, and nobody saw an election", async () => {
    const { clock, owner, leaseId, judge } = await prepare(10);
    let verdict: string | undefined;
    void judge().then((judged) => (verdict = judged));
    await clock.advance(4_000);
    await owner.keepAliveOnce(leaseId, never);
    await clock.until("a verdict", () => verdict !== undefined, 12_000);
    expect(verdict).toBe("remnant");
  });
});
