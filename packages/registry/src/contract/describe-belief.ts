import type { UnitName } from "@fleet/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { unitName } from "./daemon.js";
import type { MakeHarness, StoreHarness } from "./harness.js";
import { MachineCrew } from "./machine-crew.js";
import { codeOf, never, put, write } from "./store-words.js";
import { presenceOf, putSeat, TestMachine, type TestProcess } from "./test-machine.js";

const web = unitName("web.service");

/** What it takes to believe a registry (P6). */
export function describeBelief(name: string, makeHarness: MakeHarness): void {
  describe(`belief: ${name}`, () => {
    let harness: StoreHarness;
    let machine: TestMachine;
    let crew: MachineCrew;
    beforeEach(async () => {
      harness = await makeHarness();
      machine = new TestMachine(harness, "m1");
      crew = new MachineCrew(harness);
    });
    afterEach(async () => {
      await crew.stop();
      await harness.close();
    });

    const start = (on = machine) => crew.start(on);
    const join = (on = machine) => crew.join(on);
    const becomes = (process: TestProcess, condition: string) => crew.becomes(process, condition);
    const etcdIsBack = (process: TestProcess) => crew.etcdIsBack(process);
    const actOn = async (process: TestProcess, unit: UnitName) => {
      const revision = await putSeat(harness, process.daemon, unit);
      await harness.until("the seat", () => process.session.seats.get(unit)?.modRevision === revision);
      const seat = process.session.seats.get(unit);
      if (seat !== undefined) process.session.actedOn(seat);
      return revision;
    };
    const grow = async (upTo: number) => {
      for (;;) {
        const revision = await write(harness.store, put("/unrelated", "x"));
        if (revision >= upTo) return;
      }
    };
    const isFrozen = async (process: TestProcess, reason: RegExp) => {
      await becomes(process, "frozen");
      expect(process.session.problem).toMatch(reason);
      expect(process.daemon.options.trust.problem).toMatch(reason);
      // A process that remembers why it froze says so before it has told etcd.
      await harness.until("its presence to say so", async () => {
        return (await presenceOf(harness, process.daemon))?.state === "frozen";
      });
    };

    test("a wiped etcd freezes who was there; a new machine does not thaw them; accepting all does", async () => {
      const process = await join();
      await actOn(process, web);
      await harness.wipe();
      await isFrozen(process, /holds no cluster|wiped or restored/);
      expect(process.session.seats.has(web)).toBe(true);
      const fresh = await join(new TestMachine(harness, "m2"));
      await harness.until("the session to look again", () =>
        /belongs to cluster|wiped or restored/.test(process.session.problem ?? ""),
      );
      expect(process.session.condition).toBe("frozen");
      const history = process.session.history;
      const outcome = await process.daemon.units.accept(undefined, never);
      expect(outcome.effect).toBe("changed");
      await becomes(process, "joined");
      await becomes(fresh, "joined");
      expect(process.session.history).not.toBe(history);
      expect(process.session.seats.size).toBe(0);
      expect(process.daemon.options.trust.problem).toBeUndefined();
    });

    test("an etcd that was restored freezes who knew more; accepting one thaws that one", async () => {
      const [one, other] = [await join(), await join(new TestMachine(harness, "m2"))];
      const snapshot = await harness.snapshot();
      await etcdIsBack(one);
      await becomes(one, "joined");
      await becomes(other, "joined");
      await harness.until("both to follow", async () => {
        await actOn(one, web);
        await actOn(other, web);
        return true;
      });
      await snapshot.restore();
      await isFrozen(one, /restored/);
      await isFrozen(other, /restored/);
      const history = one.session.history;
      expect((await other.daemon.units.accept(one.daemon.machine, never)).effect).toBe("changed");
      await becomes(one, "joined");
      expect(one.session.history).not.toBe(history);
      expect(other.session.condition).toBe("frozen");
    });

    test("who could not reach an etcd while it was restored and accepted begins anew, though nobody there has doubted it", async () => {
      const [one, other] = [await join(), await join(new TestMachine(harness, "m2"))];
      const snapshot = await harness.snapshot();
      await actOn(other, web);
      const known = await actOn(one, web);
      one.daemon.line.cut();
      await becomes(one, "disconnected");
      const { trust } = one.daemon.options;
      await snapshot.restore();
      await isFrozen(other, /restored/);
      await other.daemon.units.accept(undefined, never);
      await becomes(other, "joined");
      await grow(known + 50);
      const { beginnings } = trust;
      one.daemon.line.heal();
      await becomes(one, "joined");
      expect(trust.beginnings).toBe(beginnings + 1);
      expect(trust.problem).toBeUndefined();
    });

    test("who froze at the wrong etcd takes its predecessor's place at the right one, without a flicker", async () => {
      const first = await join();
      await write(harness.store, put(first.daemon.options.keys.term(1), "term-1"));
      await actOn(first, web);
      const presenceKey = { key: first.daemon.options.keys.presence(first.daemon.machine) };
      const before = (await harness.store.range(presenceKey, never)).items[0];
      const snapshot = await harness.snapshot();
      await first.stop();
      await harness.wipe();
      const second = await start();
      await isFrozen(second, /holds no cluster|wiped or restored/);
      await snapshot.restore();
      await etcdIsBack(second);
      await becomes(second, "joined");
      const after = (await harness.store.range(presenceKey, never)).items[0];
      expect(JSON.parse(after?.value ?? "{}")).toMatchObject({ state: "up", instance: "m1-process-2" });
      expect(after?.createRevision).toBe(before?.createRevision);
    });

    test("no server of this process writes before etcd was compared with what is remembered", async () => {
      const first = await join();
      await actOn(first, web);
      await first.stop();
      await harness.wipe();
      const second = await start();
      // As a request that comes while fleetd starts.
      const early = second.daemon.units.changeMachinePolicy(
        machine.id,
        () => ({ cordoned: true, drained: false }),
        never,
      );
      expect(await codeOf(early)).toBe("unavailable");
      await isFrozen(second, /holds no cluster|wiped or restored/);
      expect(
        (await harness.store.range({ key: first.daemon.options.keys.policy(machine.id) }, never)).count,
      ).toBe(0);
    });

    test("restored while the agent was away, with nothing of its own lost but revisions", async () => {
      const first = await join();
      await write(harness.store, put(first.daemon.options.keys.term(1), "term-1"));
      const snapshot = await harness.snapshot();
      await etcdIsBack(first);
      await becomes(first, "joined");
      await actOn(first, web);
      await putSeat(harness, first.daemon, web, "absent");
      await harness.until("the tombstone", () => first.session.seats.get(web)?.target === "absent");
      const tombstone = first.session.seats.get(web);
      if (tombstone !== undefined) first.session.actedOn(tombstone);
      await first.stop();
      await snapshot.restore();
      await etcdIsBack(first);
      await isFrozen(await start(), /was at .* before/);
    });

    test("restored to before a seat was given up, and overtaken while the agent was away", async () => {
      const first = await join();
      const { keys } = first.daemon.options;
      await write(harness.store, put(keys.term(1), "term-1"));
      await actOn(first, web);
      const snapshot = await harness.snapshot();
      await etcdIsBack(first);
      await becomes(first, "joined");
      await putSeat(harness, first.daemon, web, "absent");
      await harness.until("the tombstone", () => first.session.seats.get(web)?.target === "absent");
      const tombstone = first.session.seats.get(web);
      if (tombstone !== undefined) first.session.actedOn(tombstone);
      await write(harness.store, { kind: "delete", key: keys.seat(first.daemon.machine, web) });
      await first.stop();
      await snapshot.restore();
      await etcdIsBack(first);
      await grow((tombstone?.modRevision ?? 0) + 50);
      await isFrozen(await start(), /has the seat of web.service that was taken/);
    });

    test("restored to before a seat was given up, which has a newer tombstone by now", async () => {
      const first = await join();
      const { keys } = first.daemon.options;
      await write(harness.store, put(keys.term(1), "term-1"));
      await actOn(first, web);
      const snapshot = await harness.snapshot();
      await etcdIsBack(first);
      await becomes(first, "joined");
      await putSeat(harness, first.daemon, web, "absent");
      await harness.until("the tombstone", () => first.session.seats.get(web)?.target === "absent");
      const tombstone = first.session.seats.get(web);
      if (tombstone !== undefined) first.session.actedOn(tombstone);
      await first.stop();
      await snapshot.restore();
      await etcdIsBack(first);
      await grow((tombstone?.modRevision ?? 0) + 50);
      await putSeat(harness, first.daemon, web, "absent", { n: 2, uuid: "term-2" });
      await isFrozen(await start(), /has the seat of web.service that was taken/);
    });

    test("restored to an old revision and overtaken while the agent was away", async () => {
      const first = await join();
      const snapshot = await harness.snapshot();
      await etcdIsBack(first);
      await becomes(first, "joined");
      const acted = await actOn(first, web);
      await first.stop();
      await snapshot.restore();
      await etcdIsBack(first);
      await grow(acted + 50);
      const second = await start();
      await isFrozen(second, /does not know/);
      await second.stop();
      const third = await start();
      await isFrozen(third, /does not know/);
    });

    describe("restored and overtaken while a machine that has booted waits for its own remnant", () => {
      /** @returns a process that had believed etcd as it was before. */
      const bootInto = async (prepare: (process: TestProcess) => Promise<unknown>) => {
        const first = await join();
        await write(harness.store, put(first.daemon.options.keys.term(1), "term-1"));
        const snapshot = await harness.snapshot();
        await etcdIsBack(first);
        await becomes(first, "joined");
        const acted = await actOn(first, web);
        await first.stop();
        machine.reboot();
        const second = await start();
        const { trust } = second.daemon.options;
        await harness.until("it to believe etcd", () => trust.finding === undefined);
        expect(second.session.condition).toBe("joining");
        await snapshot.restore();
        await etcdIsBack(second);
        await prepare(second);
        await grow(acted + 50);
        return second;
      };

      test("freezes it", async () => {
        // Who asks again before it is overtaken sees it by its revision.
        await isFrozen(await bootInto(async () => undefined), /does not know|was at .* before/);
      });

      test("is an epoch that it knows when it has joined, if somebody began one", async () => {
        const second = await bootInto(async ({ daemon: { options } }) => {
          const { items } = await harness.store.range({ key: options.keys.cluster }, never);
          const { epoch, ...cluster } = JSON.parse(items[0]?.value ?? "");
          const next = { ...cluster, epoch: "epoch-2", supersedes: [epoch] };
          await write(harness.store, put(options.keys.cluster, JSON.stringify(next)));
        });
        await becomes(second, "joined");
        expect(second.session.history).toBe("epoch-2");
      });
    });

    test("overtaken, with a seat of the same unit and another term: still not believed", async () => {
      const first = await join();
      const snapshot = await harness.snapshot();
      await etcdIsBack(first);
      await becomes(first, "joined");
      await write(harness.store, put(first.daemon.options.keys.term(1), "term-1"));
      const acted = await actOn(first, web);
      await first.stop();
      await snapshot.restore();
      await etcdIsBack(first);
      await grow(acted + 50);
      await write(harness.store, put(first.daemon.options.keys.term(1), "another-term-1"));
      await putSeat(harness, first.daemon, web, "launched", { n: 1, uuid: "another-term-1" });
      await isFrozen(await start(), /does not know term 1/);
    });

    test("a tombstone that was acted on and deleted is no doubt; neither is being forgotten", async () => {
      const first = await join();
      const { keys } = first.daemon.options;
      await write(harness.store, put(keys.term(1), "term-1"));
      await actOn(first, web);
      await actOn(first, unitName("db.service"));
      await putSeat(harness, first.daemon, web, "absent");
      await harness.until("the tombstone", () => first.session.seats.get(web)?.target === "absent");
      const tombstone = first.session.seats.get(web);
      if (tombstone !== undefined) first.session.actedOn(tombstone);
      await write(harness.store, { kind: "delete", key: keys.seat(first.daemon.machine, web) });
      await first.stop();
      const second = await join();
      await second.stop();
      const presence = await presenceOf(harness, second.daemon);
      await harness.store.revokeLease(presence?.leaseId ?? "", never);
      await second.daemon.units.forgetMachine(second.daemon.machine, never);
      const third = await join();
      expect(third.session.seats.size).toBe(0);
      await third.stop();
      const fourth = await join();
      expect(fourth.session.condition).toBe("joined");
    });

    test("an epoch that an operator began is believed by who was away and knew the one before", async () => {
      const other = new TestMachine(harness, "m2");
      const [here, away] = [await join(), await join(other)];
      await away.stop();
      const before = here.session.history;
      await here.daemon.units.accept(undefined, never);
      await harness.until("the new epoch", () => here.session.history !== before);
      await becomes(here, "joined");
      const back = await join(other);
      expect(back.session.history).toBe(here.session.history);
    });

    test("a seat that cannot be read in a restored etcd is not what it was before", async () => {
      const process = await join();
      const { keys } = process.daemon.options;
      await write(harness.store, put(keys.term(1), "term-1"));
      await actOn(process, web);
      await write(harness.store, put(keys.seat(process.daemon.machine, web), "garbage"));
      const snapshot = await harness.snapshot();
      await etcdIsBack(process);
      await becomes(process, "joined");
      await harness.until("it to follow", async () => (await actOn(process, unitName("db.service"))) > 0);
      expect(process.session.seats.has(web)).toBe(true);
      await snapshot.restore();
      await isFrozen(process, /restored/);
      const touched = new Set<UnitName>();
      process.session.subscribe((units) => {
        for (const unit of units) touched.add(unit);
      });
      await process.daemon.units.accept(undefined, never);
      await becomes(process, "joined");
      expect([...process.session.seats.keys()]).toEqual([]);
      expect(touched.has(web)).toBe(true);
    });

    test("a memory that cannot be read is not taken for none", async () => {
      const first = await join();
      await first.stop();
      await machine.disk.write("registry-memory", { cluster: "?" });
      const second = await start();
      await isFrozen(second, /unreadable/);
      await second.daemon.units.accept(undefined, never);
      await becomes(second, "joined");
    });

    test("a disk that is full keeps nobody away; what is known is written as soon as there is room", async () => {
      const first = await join();
      await first.stop();
      machine.disk.isFull = true;
      const second = await join();
      const revision = await actOn(second, web);
      const remembered = async () => {
        const memory = (await machine.disk.read("registry-memory")) as { highest?: number } | undefined;
        return memory?.highest ?? 0;
      };
      expect(await remembered()).toBeLessThan(revision);
      machine.disk.isFull = false;
      await harness.until("the memory", async () => (await remembered()) >= revision);
    });
  });
}
