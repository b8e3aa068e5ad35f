import type { UnitName } from "@fleet/core";
import type { Logger } from "@fleet/core/ports";
import { beforeEach, expect, test } from "vitest";
import type { AgentTask } from "../plan/machine-view.js";
import { TaskLog } from "./task-log.js";
import { VirtualClock } from "./testing/virtual-clock.js";

let clock: VirtualClock;
let log: TaskLog;
/** What was told: the unit of a line, or the units. */
let told: unknown[];

beforeEach(() => {
  clock = new VirtualClock();
  told = [];
  const logger: Logger = {
    error: () => {},
    warn: () => {},
    info: (_message, fields) => told.push(fields?.unit ?? fields?.units),
    debug: () => {},
    child: () => logger,
  };
  log = new TaskLog(clock, logger);
});

const tasks = (...units: string[]): readonly AgentTask[] =>
  units.map((unit) => ({ kind: "forget", unit: unit as UnitName, reason: "gone" }));

test("few are told of at once, one by one", () => {
  log.begun(tasks("a", "b"));
  log.begun(tasks("c"));
  expect(told).toEqual(["a", "b", "c"]);
  expect(log.tellDue()).toBe(Number.POSITIVE_INFINITY);
});

test("many are told of at once, together", () => {
  log.begun(tasks("a", "b", "c", "d", "e"));
  expect(told).toEqual([["a", "b", "c", "d", "e"]]);
});

test("many of one moment are told of together when it ends, and the next one begins with what comes then", async () => {
  for (const unit of ["a", "b", "c", "d", "e", "f", "g", "h", "i"]) log.begun(tasks(unit));
  expect(told).toEqual(["a", "b", "c", "d"]);
  await clock.advance(100);
  expect(log.tellDue()).toBe(150);
  expect(told).toHaveLength(4);
  await clock.advance(150);
  expect(log.tellDue()).toBe(Number.POSITIVE_INFINITY);
  expect(told.slice(4)).toEqual([["e", "f", "g", "h", "i"]]);
  log.begun(tasks("j"));
  expect(told.at(-1)).toBe("j");
});

test("what is begun after the end of a moment does not hold up what was begun in it", async () => {
  log.begun(tasks("a", "b", "c", "d", "e"));
  log.begun(tasks("f"));
  await clock.advance(250);
  log.begun(tasks("g"));
  expect(told.slice(1)).toEqual(["f", "g"]);
});

test("nothing is kept back at the end", () => {
  log.begun(tasks("a", "b", "c", "d", "e"));
  log.begun(tasks("f"));
  log.tell();
  log.tell();
  expect(told.slice(1)).toEqual(["f"]);
});
