import { isFleetError, type UnitName } from "@fleet/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { content, unitName } from "./daemon.js";
import type { MakeHarness, StoreHarness } from "./harness.js";
import { MachineCrew } from "./machine-crew.js";
import { never, put, watchAll, write } from "./store-words.js";
import { loadedState, presenceOf, putSeat, TestMachine, type TestProcess } from "./test-machine.js";

const web = unitName("web.service");

/** A machine's membership (P7). */
export function describeSession(name: string, makeHarness: MakeHarness): void {
  describe(`machine session: ${name}`, () => {
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

    const join = (on = machine) => crew.join(on);
    const becomes = (process: TestProcess, condition: string) => crew.becomes(process, condition);
    const publish = (process: TestProcess, ...units: UnitName[]) =>
      process.session.publish(
        units.map((unit) => loadedState(unit, process.daemon)),
        [],
        never,
      );

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
        const process = await crew.start(machine);
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

      test("answers that are lost on the way in are made up for", async () => {
        const [first, second] = [await machine.start(), await new TestMachine(harness, "m2").start()];
        crew.add(first, second);
        // The first loses the answer to beginning the cluster, the second that to registering.
        await first.daemon.line.losingReply(() => becomes(first, "joined"));
        await second.daemon.line.losingReply(() => becomes(second, "joined"));
        const { keys } = first.daemon.options;
        const { items } = await harness.store.range({ prefix: keys.presences }, never);
        expect(items.map(({ version }) => version)).toEqual([1, 1]);
        expect((await harness.store.range({ key: keys.cluster }, never)).items[0]?.version).toBe(1);
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

      test("a takeover that a crash cut short is completed by the next daemon", async () => {
        const first = await join();
        await publish(first, web);
        await first.stop();
        const { keys } = first.daemon.options;
        const key = keys.presence(first.daemon.machine);
        const { items } = await harness.store.range({ key }, never);
        // The presence had moved to a new lease, the states had not.
        const leaseId = await harness.store.grantLease(3, never);
        await write(harness.store, { kind: "put", key, value: items[0]?.value ?? "", leaseId });
        await machine.runtime.write("machine-lease", { leaseId });
        const second = await join();
        const states = await harness.store.range({ prefix: keys.states(second.daemon.machine) }, never);
        expect(states.items.map((item) => item.leaseId)).toEqual([leaseId]);
      });

      test("a lease that ended means registering anew", async () => {
        const process = await join();
        const before = await presenceOf(harness, process.daemon);
        await harness.store.revokeLease(before?.leaseId ?? "", never);
        await harness.until("a new registration", () => process.session.registration === 2);
        await becomes(process, "joined");
        expect((await presenceOf(harness, process.daemon))?.leaseId).not.toBe(before?.leaseId);
      });

      test("registering anew is that also if the answer to it was lost", async () => {
        const process = await join();
        const before = await presenceOf(harness, process.daemon);
        await process.daemon.line.losingReply(async () => {
          await harness.store.revokeLease(before?.leaseId ?? "", never);
          await harness.until("a new registration", () => process.session.registration === 2);
        });
        await becomes(process, "joined");
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

      test("what the boot before has said goes also if the answer to the new registration was lost", async () => {
        const first = await join();
        await publish(first, web);
        await first.stop();
        machine.reboot();
        const second = await crew.start(machine);
        await second.daemon.line.losingReply(() => becomes(second, "joined"));
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
        const second = await crew.start(clone, { id: machine.id, ip: "127.0.0.22" });
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

    test("who was displaced does not keep the presence of its successor alive", async () => {
      const old = await join();
      const next = await join();
      await becomes(old, "displaced");
      const before = await presenceOf(harness, next.daemon);
      await next.stop();
      await becomes(old, "joined");
      expect((await presenceOf(harness, old.daemon))?.leaseId).not.toBe(before?.leaseId);
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
  });
}
