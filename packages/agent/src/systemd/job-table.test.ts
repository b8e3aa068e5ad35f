import { expect, it } from "vitest";
import { JobTable } from "./job-table.js";

/** A call that systemd answers when the test says so. */
function call() {
  let answer = (_path: string): void => undefined;
  const promise = new Promise<string>((resolve) => {
    answer = resolve;
  });
  return { answer, make: () => promise };
}

it("tells how a job ends, also one that ended before its path was known", async () => {
  const table = new JobTable();
  const [first, second] = [call(), call()];
  const queued = table.queue(first.make);
  first.answer("/job/1");
  const job = await queued;
  table.ended("/job/1", "done");
  expect(await job.result).toBe("done");
  const later = table.queue(second.make);
  table.ended("/job/2", "failed");
  second.answer("/job/2");
  expect(await (await later).result).toBe("failed");
});

it("tells both callers that were given one job, also when it ends between their answers", async () => {
  const table = new JobTable();
  const [first, second] = [call(), call()];
  const queued = [table.queue(first.make), table.queue(second.make)];
  first.answer("/job/1");
  const one = await queued[0];
  table.ended("/job/1", "done");
  second.answer("/job/1");
  const other = await queued[1];
  expect(await Promise.all([one?.result, other?.result])).toEqual(["done", "done"]);
});

it("keeps no stop that has ended before its path was known", async () => {
  const table = new JobTable();
  const stop = call();
  const queued = table.queue(async () => {
    const path = await stop.make();
    table.isStop(path);
    return path;
  });
  expect(table.ended("/job/1", "done")).toBe(false);
  stop.answer("/job/1");
  expect(await (await queued).result).toBe("done");
  // It would be told now if it had been kept.
  expect(table.ended("/job/1", "done")).toBe(false);
});

it("tells of a stop that is done, once", () => {
  const table = new JobTable();
  table.isStop("/job/1");
  table.isStop("/job/2");
  expect(table.ended("/job/1", "done")).toBe(true);
  expect(table.ended("/job/1", "done")).toBe(false);
  expect(table.ended("/job/2", "canceled")).toBe(false);
  expect(table.ended("/job/3", "done")).toBe(false);
});
