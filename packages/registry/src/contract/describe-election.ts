import type { Leadership } from "@fleet/core/ports";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { encodeOffice } from "../codec.js";
import { createElection } from "../election.js";
import { elect, makeDaemon, readJson, type TestDaemon, untilAborted } from "./daemon.js";
import type { MakeHarness, StoreHarness } from "./harness.js";
import { codeOf, never, write } from "./store-words.js";

/** The election (P3.1): one leader at a time, and none who only believes to be one. */
export function describeElection(name: string, makeHarness: MakeHarness): void {
  describe(`election: ${name}`, () => {
    let harness: StoreHarness;
    const stops: (() => Promise<void>)[] = [];
    beforeEach(async () => {
      harness = await makeHarness();
    });
    afterEach(async () => {
      await Promise.all(stops.splice(0).map((stop) => stop()));
      await harness.close();
    });

    /** Starts a daemon's election and notes the terms it serves, with when they began and ended. */
    const start = (daemon: TestDaemon, instance = `${daemon.machine}-process`) => {
      const stop = new AbortController();
      const election = createElection({
        ...daemon.options,
        machine: daemon.machine,
        instance,
        leaderTtlSeconds: 3,
        candidateTtlSeconds: 3,
      });
      const candidacies: boolean[] = [];
      election.subscribe(() => candidacies.push(election.isCandidate));
      const terms: { n: number; begunMs: number; endedMs: number; leadership: Leadership }[] = [];
      const running = election.run(async (leadership) => {
        const term = {
          n: leadership.term.n,
          begunMs: harness.clock.boottime(),
          endedMs: Number.POSITIVE_INFINITY,
          leadership,
        };
        terms.push(term);
        await untilAborted(leadership.signal);
        term.endedMs = harness.clock.boottime();
      }, stop.signal);
      const end = async (): Promise<void> => {
        stop.abort();
        await running;
      };
      stops.push(end);
      return { election, candidacies, terms, end };
    };

    test("one of several is elected, with a term of its own; another follows at once when it resigns", async () => {
      const daemons = [await makeDaemon(harness, "m1"), await makeDaemon(harness, "m2")] as const;
      const runs = daemons.map((daemon) => start(daemon));
      await harness.until("a leader", () => runs.some(({ election }) => election.isLeader));
      await harness.until("both to be candidates", () => runs.every(({ election }) => election.isCandidate));
      expect(runs.map(({ candidacies }) => candidacies)).toEqual([[true], [true]]);
      expect(runs.filter(({ election }) => election.isLeader).length).toBe(1);
      const { keys } = daemons[0].options;
      const leader = runs.findIndex(({ election }) => election.isLeader);
      expect(await readJson(harness.store, keys.leader)).toMatchObject({
        machine: daemons[leader]?.machine,
        term: 1,
      });
      await runs[leader]?.end();
      const other = runs[1 - leader];
      await harness.until("the other to lead", () => other?.election.isLeader === true);
      expect(other?.terms[0]?.n).toBe(2);
      const { items } = await harness.store.range({ prefix: keys.terms }, never);
      expect(items.map(({ key, value }) => [key, value])).toEqual(
        [runs[leader], other].map((run) => [
          keys.term(run?.terms[0]?.n ?? 0),
          run?.terms[0]?.leadership.term.uuid,
        ]),
      );
    });

    test("at most five are candidates; who waits takes the place that is given up", async () => {
      const runs: ReturnType<typeof start>[] = [];
      for (let index = 0; index < 6; index += 1) runs.push(start(await makeDaemon(harness, `m${index}`)));
      const candidates = () => runs.filter(({ election }) => election.isCandidate);
      await harness.until("five candidates", () => candidates().length === 5);
      await harness.until("a leader", () => runs.some(({ election }) => election.isLeader));
      const waiting = runs.find(({ election }) => !election.isCandidate);
      const leaving = candidates().find(({ election }) => !election.isLeader);
      await leaving?.end();
      await harness.until("the sixth to be a candidate", () => waiting?.election.isCandidate === true);
    });

    test("a leader on a stalled line stops leading before anyone else can begin", async () => {
      const [stalled, other] = [await makeDaemon(harness, "m1"), await makeDaemon(harness, "m2")];
      const first = start(stalled);
      await harness.until("a leader", () => first.election.isLeader);
      const second = start(other);
      await harness.until("a second candidate", () => second.election.isCandidate);
      stalled.line.stall("both");
      await harness.until("the other to lead", () => second.election.isLeader);
      expect(first.terms[0]?.endedMs).toBeLessThanOrEqual(second.terms[0]?.begunMs ?? 0);
      expect(first.election.isLeader).toBe(false);
      stalled.line.heal();
      await harness.until("the first to be a candidate again", () => first.election.isCandidate);
      expect([first.election.isLeader, second.election.isLeader]).toEqual([false, true]);
    });

    test("a leader that is cut off writes nothing after another is elected, whatever it believes", async () => {
      const [old, next] = [await makeDaemon(harness, "m1"), await makeDaemon(harness, "m2")];
      const term = await elect(harness, old);
      stops.push(term.stop);
      const { keys } = old.options;
      old.line.cut();
      await write(harness.store, { kind: "delete", key: keys.leader });
      const second = await elect(harness, next);
      stops.push(second.stop);
      old.line.heal();
      const status = old.leaderWrites.publishStatus(term.leadership, { machines: [], refusals: [] }, never);
      expect(await codeOf(status)).toBe("conflict");
    });

    test("a deposed leader hears of it", async () => {
      const daemon = await makeDaemon(harness, "m1");
      const run = start(daemon);
      await harness.until("a leader", () => run.election.isLeader);
      await write(harness.store, { kind: "delete", key: daemon.options.keys.leader });
      await harness.until("the term to end", () => run.terms[0]?.leadership.signal.aborted === true);
      await harness.until("a new term", () => run.terms.length === 2);
      expect(run.terms[1]?.n).toBe(2);
    });

    test("a restarted daemon removes its dead self's office and does not inherit it", async () => {
      const dead = await makeDaemon(harness, "m1");
      const before = start(dead, "first");
      await harness.until("a leader", () => before.election.isLeader);
      dead.line.cut();
      const again = await makeDaemon(harness, "m1");
      const beganMs = harness.clock.boottime();
      const after = start(again, "second");
      await harness.until("the new self to lead", () => after.election.isLeader);
      expect(after.terms[0]?.n).toBe(2);
      expect((await harness.store.range({ prefix: again.options.keys.candidates }, never)).count).toBe(1);
      // It did not wait for the lease of the office to end.
      expect((after.terms[0]?.begunMs ?? 0) - beganMs).toBeLessThan(2_500);
    });

    test("an office of one's own that has outlived its term is removed, not waited for", async () => {
      // As after an outage: whoever could not give it up finds that etcd has given its lease a new lifetime.
      const daemon = await makeDaemon(harness, "m1");
      const { machine, options } = daemon;
      const value = encodeOffice({ machine, instance: "first", term: 1 });
      await write(harness.store, { kind: "put", key: options.keys.leader, value });
      await write(harness.store, { kind: "put", key: options.keys.term(1), value: "a-uuid" });
      const run = start(daemon, "first");
      await harness.until("a leader", () => run.election.isLeader);
      expect(run.terms[0]?.n).toBe(2);
    });

    test("nobody is elected by an etcd that is not believed; a leader resigns", async () => {
      const daemon = await makeDaemon(harness, "m1");
      const run = start(daemon);
      await harness.until("a leader", () => run.election.isLeader);
      daemon.options.trust.distrust("test");
      await harness.until("the term to end", () => !run.election.isLeader);
      await harness.pass(2_000);
      expect(run.terms.length).toBe(1);
      daemon.options.trust.believe(1);
      await harness.until("a new term", () => run.terms.length === 2);
    });

    test("an election whose answer is lost elects nobody for long", async () => {
      const daemon = await makeDaemon(harness, "m1");
      daemon.line.cut();
      const run = start(daemon);
      await harness.pass(500);
      daemon.line.heal();
      await harness.until("a leader", () => run.election.isLeader);
      expect(run.terms.length).toBe(1);
    });
  });
}
