import type { Job, JobResult } from "@fleet/core/ports";
import { beforeEach, expect, test } from "vitest";
import { JobBound } from "./job-bound.js";
import { VirtualClock } from "./testing/virtual-clock.js";

let clock: VirtualClock;
let bound: JobBound;
let stop: AbortController;
/** The names of the jobs that systemd was given, in order. */
let given: string[];
const ends = new Map<string, (result: JobResult) => void>();

beforeEach(() => {
  clock = new VirtualClock();
  stop = new AbortController();
  bound = new JobBound(clock, 2, 5_000);
  given = [];
});

const queue = (name: string): Promise<Job> =>
  bound.run(async () => {
    given.push(name);
    return { result: new Promise((resolve) => ends.set(name, resolve)) };
  }, stop.signal);

test("a job waits for room, which one that has ended makes", async () => {
  const jobs = ["a", "b", "c"].map(queue);
  await clock.settle();
  expect(given).toEqual(["a", "b"]);
  ends.get("b")?.("done");
  await Promise.all(jobs);
  expect(given).toEqual(["a", "b", "c"]);
});

test("a job that takes too long makes room once, each after its own time", async () => {
  const first = queue("a");
  await clock.advance(2_000);
  const jobs = ["b", "c", "d", "e"].map(queue);
  await clock.advance(2_999);
  expect(given).toEqual(["a", "b"]);
  await clock.advance(1);
  expect(given).toEqual(["a", "b", "c"]);
  ends.get("a")?.("done");
  await clock.advance(1_999);
  expect(given).toEqual(["a", "b", "c"]);
  await clock.advance(1);
  expect(given).toEqual(["a", "b", "c", "d"]);
  ends.get("c")?.("done");
  await Promise.all([first, ...jobs]);
  expect(given).toEqual(["a", "b", "c", "d", "e"]);
});

test("one that came after all others had ended has its whole time, too", async () => {
  await queue("a");
  ends.get("a")?.("done");
  await clock.advance(10_000);
  const jobs = ["b", "c", "d"].map(queue);
  await clock.advance(4_999);
  expect(given).toEqual(["a", "b", "c"]);
  await clock.advance(1);
  await Promise.all(jobs);
  expect(given).toEqual(["a", "b", "c", "d"]);
});

test("what waits is refused when the work around it ends", async () => {
  const jobs = ["a", "b"].map(queue);
  const waiting = expect(queue("c")).rejects.toThrow("enough");
  await Promise.all(jobs);
  stop.abort(new Error("enough"));
  await waiting;
  expect(given).toEqual(["a", "b"]);
});
