import { isFleetError, type UnitName } from "@fleet/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { content, unitName } from "./daemon.js";
import type { MakeHarness, StoreHarness } from "./harness.js";
import { codeOf, never, put, watchAll, write } from "./store-words.js";
import { loadedState, presenceOf, putSeat, TestMachine, type TestProcess } from "./test-machine.js";

const web = unitName("web.service");

/** A machine's membership (P7), and what it takes to believe a registry (P6). */
export function describeSession(name: string, makeHarness: MakeHarness): void {
  describe(`machine session: ${name}`, () => {
    let harness: StoreHarness;
    let machine: TestMachine;
    const processes: TestProcess[] = [];
    beforeEach(async () => {
      harness = await makeHarness();
      machine = new TestMachine(harness, "m1");
    });
    afterEach(async () => {
      await Promise.all(processes.splice(0).map((process) => process.stop()));
      await harness.close();
    });

    const start = async (on = machine, options: { id?: string; ip?: string } = {}) => {
      const process = await on.start(options);
      processes.push(process);
      return process;
    };
    const becomes = ({ session }: TestProcess, condition: string) =>
      harness.until(`the session to be ${condition}`, () => session.condition === condition);
    const join = async (on = machine) => {
      const process = await start(on);
      await becomes(process, "joined");
      return process;
    };
    const publish = (process: TestProcess, ...units: UnitName[]) =>
      process.session.publish(
        units.map((unit) => loadedState(unit, process.daemon)),
        [],
        never,
      );
    const etcdIsBack = (process: TestProcess) =>
      harness.until("etcd", async () => {
        const { keys } = process.daemon.options;
        return (await codeOf(harness.store.range({ key: keys.cluster }, never))) === "resolved";
      });

    describe("joining", () => {
      test("the first machine begins the cluster; all register with a lease", async () => {
        const [first, second] = [await join(), await join(new TestMachine(harness, "m2"))];
        const { keys } = first.daemon.options;
        const { items } = await harness.store.range({ key: keys.cluster }, never);
        expect(items[0]?.version).toBe(1);
        for (const process of [first, second]) {
          expect(await presenceOf(harness, process.daemon)).toMatchObject({ state: "up" });
          expect(process.session.registration).toBe(1);
          expect(process.session.history).toBe(JSON.parse(items[0]?.value ?? "{}").epoch);
        }
        const records = await harness.store.range({ prefix: `${keys.prefix}machine-records/` }, never);
        expect(records.count).toBe(2);
      });

      test("etcd may come later, and go and come again", async () => {
        const process = await machine.start();
        processes.push(process);
        process.daemon.line.cut();
        await harness.until("the problem to show", () => process.session.problem !== undefined);
        expect(process.session.condition).toBe("joining");
        process.daemon.line.heal();
        await becomes(process, "joined");
        process.daemon.line.cut();
        await becomes(process, "disconnected");
        expect(process.session.problem).toMatch(/etcd|answer/);
        process.daemon.line.heal();
        await becomes(process, "joined");
        expect(process.session.registration).toBe(1);
      });

      test("seats, metadata and texts are followed; bad seats harm only themselves", async () => {
        const process = await join();
        const { keys } = process.daemon.options;
        const { session } = process;
        const touched: UnitName[] = [];
        session.subscribe((units) => touched.push(...units));
        await process.daemon.units.changeUnit(
          web,
          () => ({ content: content(), desiredState: "launched" }),
          never,
        );
        const revision = await putSeat(harness, process.daemon, web);
        await harness.until("the seat", () => session.seats.get(web)?.modRevision === revision);
        expect(touched).toEqual([web]);
        expect(await session.readUnitText(content().contentId, never)).toBe(content().text);
        expect(await session.readUnitText(content("none").contentId, never)).toBeUndefined();
        await write(
          harness.store,
          put(keys.seat(process.daemon.machine, web), "garbage"),
          put(keys.metadataValue(process.daemon.machine, "disk"), "ssd"),
        );
        await harness.until("the metadata", () => session.metadata.disk === "ssd");
        await harness.until("the bad seat", () => touched.length === 2);
        expect(session.seats.get(web)?.modRevision).toBe(revision);
        await write(harness.store, { kind: "delete", key: keys.seat(process.daemon.machine, web) });
        await harness.until("the seat to go", () => !session.seats.has(web));
      });

      test("what was missed while disconnected is made up for", async () => {
        const process = await join();
        const { session, daemon } = process;
        await putSeat(harness, daemon, web);
        await putSeat(harness, daemon, unitName("gone.service"));
        await harness.until("the seats", () => session.seats.size === 2);
        daemon.line.cut();
        await becomes(process, "disconnected");
        const touched = new Set<UnitName>();
        session.subscribe((units) => {
          for (const unit of units) touched.add(unit);
        });
        const gone = daemon.options.keys.seat(daemon.machine, unitName("gone.service"));
        await write(harness.store, { kind: "delete", key: gone });
        await putSeat(harness, daemon, unitName("new.service"));
        daemon.line.heal();
        await becomes(process, "joined");
        await harness.until("the new seat", () => session.seats.has(unitName("new.service")));
        expect([...session.seats.keys()].sort()).toEqual(["new.service", "web.service"]);
        expect([...touched].sort()).toEqual(["gone.service", "new.service"]);
      });
    });

    describe("leases", () => {
      test("a restarted daemon takes the lease over; presence and states never flicker", async () => {
        const first = await join();
        await publish(first, web);
        const before = await presenceOf(harness, first.daemon);
        const { keys } = first.daemon.options;
        const watched = watchAll(
          harness.store,
          { prefix: keys.prefix },
          (await harness.store.range({ key: keys.cluster }, never)).revision + 1,
        );
        await first.stop();
        const second = await join();
        const after = await presenceOf(harness, second.daemon);
        expect(after).toMatchObject({
          leaseId: before?.leaseId,
          createRevision: before?.createRevision,
          instance: "m1-process-2",
        });
        expect(second.session.registration).toBe(0);
        expect((await second.session.readOwnStates(never)).map(({ unit }) => unit)).toEqual([web]);
        await watched.stop();
        expect(watched.seen().filter((event) => event.includes("delete"))).toEqual([]);
      });

      test("without its runtime directory it takes over by its boot, and moves its states", async () => {
        const first = await join();
        await publish(first, web, unitName("db.service"));
        const before = await presenceOf(harness, first.daemon);
        const { keys } = first.daemon.options;
        await first.stop();
        machine.runtime = new TestMachine(harness, "m1").runtime;
        const second = await join();
        expect((await presenceOf(harness, second.daemon))?.leaseId).not.toBe(before?.leaseId);
        expect((await presenceOf(harness, second.daemon))?.createRevision).toBe(before?.createRevision);
        expect(second.session.registration).toBe(0);
        const states = await harness.store.range({ prefix: keys.states(second.daemon.machine) }, never);
        expect(states.items.map(({ createRevision, version }) => [createRevision < 1e9, version])).toEqual([
          [true, 2],
          [true, 2],
        ]);
        expect(await harness.store.leaseTimeToLive(before?.leaseId ?? "", never)).toBeUndefined();
      });

      test("a lease that ended means registering anew", async () => {
        const process = await join();
        const before = await presenceOf(harness, process.daemon);
        await harness.store.revokeLease(before?.leaseId ?? "", never);
        await harness.until("a new registration", () => process.session.registration === 2);
        await becomes(process, "joined");
        expect((await presenceOf(harness, process.daemon))?.leaseId).not.toBe(before?.leaseId);
      });

      test("a machine that was away for longer than its lease comes back by itself", async () => {
        const process = await join();
        process.daemon.line.stall("both");
        await harness.until("the presence to go", async () => {
          return (await presenceOf(harness, process.daemon)) === undefined;
        });
        expect(process.session.condition).toBe("disconnected");
        process.daemon.line.heal();
        await harness.until("a new registration", () => process.session.registration === 2);
        await becomes(process, "joined");
      });
    });

    describe("identity", () => {
      test("after a reboot the remnant of the boot before is replaced, and its states go", async () => {
        const first = await join();
        await publish(first, web);
        await first.stop();
        machine.reboot();
        const second = await join();
        expect(await presenceOf(harness, second.daemon)).toMatchObject({ bootId: "m1-boot-1" });
        expect(second.session.registration).toBe(1);
        expect(await second.session.readOwnStates(never)).toEqual([]);
      });

      test("a presence that said leaving is replaced without waiting", async () => {
        const first = await join();
        await first.session.setPresence("leaving", "systemd is stopping", never);
        expect(await presenceOf(harness, first.daemon)).toMatchObject({ state: "leaving" });
        await first.stop();
        const beganMs = harness.clock.boottime();
        machine.reboot();
        const second = await join();
        expect(harness.clock.boottime() - beganMs).toBeLessThan(1_000);
        expect(await presenceOf(harness, second.daemon)).toMatchObject({ state: "up" });
      });

      test("a living machine with the same id is not displaced: the second refuses, naming both", async () => {
        const first = await join();
        const before = await presenceOf(harness, first.daemon);
        const clone = new TestMachine(harness, "m2");
        const second = await start(clone, { id: machine.id, ip: "127.0.0.22" });
        await harness.until("the second to give up", () => second.ending() !== "running");
        const error = second.ending();
        expect(isFleetError(error, "already-exists")).toBe(true);
        expect(String(error)).toMatch(/127\.0\.0\.11.*127\.0\.0\.22/);
        expect(await presenceOf(harness, first.daemon)).toEqual(before);
        expect(first.session.condition).toBe("joined");
      });

      test("who finds another instance in its place falls silent, and returns when that is gone", async () => {
        const old = await join();
        const { runtime } = machine;
        machine.runtime = new TestMachine(harness, "m1").runtime;
        const next = await join();
        await becomes(old, "displaced");
        expect((await publish(old, web)).kind).toBe("not-registered");
        expect((await publish(next, web)).kind).toBe("published");
        await next.stop();
        machine.runtime = runtime;
        await becomes(old, "joined");
        expect(old.session.registration).toBe(2);
      });
    });

    describe("states", () => {
      test("states are published and removed on the machine's lease", async () => {
        const process = await join();
        const units = Array.from({ length: 250 }, (_, index) => unitName(`u${index}.service`));
        const outcome = await publish(process, ...units);
        expect(outcome.kind).toBe("published");
        const { keys } = process.daemon.options;
        const prefix = keys.states(process.daemon.machine);
        const { items } = await harness.store.range({ prefix }, never);
        const presence = await presenceOf(harness, process.daemon);
        expect([items.length, new Set(items.map(({ leaseId }) => leaseId))]).toEqual([
          250,
          new Set([presence?.leaseId]),
        ]);
        await process.session.publish([], units.slice(1), never);
        expect((await process.session.readOwnStates(never)).map(({ unit }) => unit)).toEqual([units[0]]);
      });

      test("nothing is published once the presence is gone, until registered anew", async () => {
        const process = await join();
        const { keys } = process.daemon.options;
        await write(harness.store, { kind: "delete", key: keys.presence(process.daemon.machine) });
        expect((await publish(process, web)).kind).toBe("not-registered");
        await harness.until("a new registration", () => process.session.registration === 2);
        await becomes(process, "joined");
        expect((await publish(process, web)).kind).toBe("published");
      });

      test("what the presence is to say outlives registrations", async () => {
        const process = await join();
        await process.session.setPresence("leaving", "systemd is stopping", never);
        const before = await presenceOf(harness, process.daemon);
        await harness.store.revokeLease(before?.leaseId ?? "", never);
        await harness.until("a new registration", () => process.session.registration === 2);
        expect(await presenceOf(harness, process.daemon)).toMatchObject({
          state: "leaving",
          reason: "systemd is stopping",
        });
      });
    });

    describe("belief", () => {
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
        expect(await presenceOf(harness, process.daemon)).toMatchObject({ state: "frozen" });
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
      });

      test("an epoch that an operator began is believed by who was away and knew the one before", async () => {
        const [here, away] = [await join(), await join(new TestMachine(harness, "m2"))];
        await away.stop();
        await here.daemon.units.accept(undefined, never);
        await harness.until("the new epoch", async () => {
          const { items } = await harness.store.range({ key: here.daemon.options.keys.cluster }, never);
          return here.session.history === JSON.parse(items[0]?.value ?? "{}").epoch;
        });
        const machines = new TestMachine(harness, "m2");
        expect(machines.id).toBe(away.daemon.machine);
        expect(here.session.condition).toBe("joined");
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
    });
  });
}
