import { describe, expect, test } from "vitest";
import type { MachineView } from "./machine-view.js";
import {
  active,
  ended,
  foreign,
  here,
  launched,
  loaded,
  plan,
  type Sketch,
  tombstone,
} from "./testing/unit-sketch.js";

/** Its start was issued, and is remembered. */
const noted: Sketch = { record: {}, rest: { watermark: 20 } };

interface Case {
  readonly name: string;
  readonly unit: Sketch;
  readonly view?: Partial<MachineView>;
  /** The kind of the task; absent if nothing is to be done. */
  readonly task?: string;
  /** What it waits for, in part. */
  readonly wait?: string;
}

const cases: Readonly<Record<string, readonly Case[]>> = {
  "absence is never evidence": [
    { name: "no seat, running", unit: { ...here, local: active } },
    { name: "no seat, running, started by us", unit: { ...here, local: active, record: {} } },
    { name: "no seat, a file that cannot be read", unit: { file: "unreadable" } },
    { name: "no seat, never here", unit: {} },
  ],
  "a stop needs a newer seat": [
    { name: "tombstone, running", unit: { ...tombstone, ...here, local: active }, task: "stop" },
    {
      name: "tombstone older than what was acted on",
      unit: { ...tombstone, ...here, local: active, rest: { watermark: 20 } },
      wait: "older than one acted on",
    },
    {
      name: "tombstone as new as what was acted on, plus one",
      unit: { ...tombstone, ...here, local: active, rest: { watermark: 19 } },
      task: "stop",
    },
    { name: "loaded, running", unit: { ...loaded, ...here, local: active, record: {} }, task: "stop" },
    {
      name: "loaded, acted on already: started by somebody else",
      unit: { ...loaded, ...here, local: active, rest: { watermark: 20 } },
    },
    {
      name: "loaded, ended by itself: still to be noted",
      unit: { ...loaded, ...here, local: ended, record: {} },
      task: "stop",
    },
    {
      name: "new content, running",
      unit: { seat: { contentId: "two" }, ...here, local: active, record: {} },
      task: "replace",
    },
    {
      name: "new content of an older seat, running",
      unit: { seat: { contentId: "two" }, ...here, local: active, rest: { watermark: 20 } },
      wait: "older than one acted on",
    },
    {
      name: "new content of an older seat, not running: nothing is stopped by it",
      unit: { seat: { contentId: "two" }, ...here, local: ended, rest: { watermark: 20 } },
      task: "load",
    },
    {
      name: "a tombstone never stops the machine's own unit of that name",
      unit: { ...tombstone, local: { ...active, ...foreign } },
      task: "acknowledge",
    },
    { name: "tombstone, systemd not asked yet", unit: { ...tombstone, ...here, local: undefined } },
  ],
  "removal ends with an acknowledgement": [
    { name: "stopped", unit: { ...tombstone, ...here, local: ended }, task: "unload" },
    { name: "failed", unit: { ...tombstone, ...here, local: { activeState: "failed" } }, task: "unload" },
    { name: "a job is queued", unit: { ...tombstone, ...here, local: { hasJob: true } }, task: "stop" },
    { name: "nothing here", unit: { ...tombstone, local: { fragmentPath: "" } }, task: "acknowledge" },
    {
      name: "nothing here, and the tombstone is old: saying so stops nothing",
      unit: { ...tombstone, local: { fragmentPath: "" }, rest: { watermark: 99 } },
      task: "acknowledge",
    },
    { name: "acknowledged", unit: { ...tombstone, local: {}, rest: { acked: 20, hasState: true } } },
    {
      name: "another tombstone acknowledged",
      unit: { ...tombstone, local: {}, rest: { acked: 19, hasState: true } },
      task: "acknowledge",
    },
    {
      name: "seat gone: the acknowledgement goes too",
      unit: { rest: { acked: 20, hasState: true } },
      task: "forget",
    },
  ],
  "a seat's content is loaded": [
    { name: "no file", unit: { ...launched, local: undefined }, task: "load" },
    { name: "no file, loaded wanted", unit: { ...loaded, local: undefined }, task: "load" },
    {
      name: "file, not known to systemd",
      unit: { ...launched, ...here, local: { fragmentPath: "" } },
      task: "load",
    },
    { name: "file, name of another unit", unit: { ...launched, ...here, local: foreign }, task: "load" },
    {
      name: "file, systemd has an older text",
      unit: { ...launched, ...here, local: { needDaemonReload: true } },
      task: "load",
    },
    {
      name: "file, systemd has an older text, running",
      unit: { ...launched, ...here, ...noted, local: { ...active, needDaemonReload: true } },
    },
    { name: "a file that cannot be read", unit: { ...launched, file: "unreadable" }, wait: "cannot be read" },
    { name: "other content, not running", unit: { seat: { contentId: "two" }, ...here }, task: "load" },
  ],
  "a start is issued once for each generation": [
    { name: "never started", unit: { ...launched, ...here }, task: "start" },
    { name: "issued, running", unit: { ...launched, ...here, ...noted, local: active } },
    {
      name: "issued, and fleetd ended before it remembered the seat",
      unit: { ...launched, ...here, record: {}, local: active },
      task: "note-start",
    },
    { name: "issued, ended", unit: { ...launched, ...here, ...noted, local: ended } },
    { name: "issued, failed", unit: { ...launched, ...here, ...noted, local: { activeState: "failed" } } },
    {
      name: "issued, stopped by hand",
      unit: { ...launched, ...here, ...noted, local: { activeState: "inactive" } },
    },
    { name: "start count risen", unit: { seat: { startCount: 2 }, ...here, record: {} }, task: "start" },
    {
      name: "start count risen, running",
      unit: { seat: { startCount: 2 }, ...here, record: {}, local: active },
      task: "note-start",
    },
    { name: "a new seat", unit: { seat: { createRevision: 15 }, ...here, record: {} }, task: "start" },
    { name: "another boot", unit: { ...launched, ...here, record: { bootId: "before" } }, task: "start" },
    { name: "never started, but running", unit: { ...launched, ...here, local: active }, task: "note-start" },
    {
      name: "never started, waiting to be restarted by systemd",
      unit: { ...launched, ...here, local: { activeState: "activating", subState: "auto-restart" } },
      task: "note-start",
    },
    {
      name: "being stopped by somebody",
      unit: { ...launched, ...here, local: { activeState: "deactivating" } },
      task: "start",
    },
    { name: "loaded wanted, never started", unit: { ...loaded, ...here, rest: { watermark: 20 } } },
  ],
  "after a crash between the intent and the reply": [
    {
      name: "inactive, same invocation",
      unit: {
        ...launched,
        ...here,
        record: { phase: "intent", invocationBefore: "a1" },
        local: ended,
      },
      task: "start",
    },
    {
      name: "inactive, never run",
      unit: { ...launched, ...here, record: { phase: "intent" } },
      task: "start",
    },
    {
      name: "inactive, and systemd has forgotten the invocation",
      unit: { ...launched, ...here, record: { phase: "intent", invocationBefore: "a1" } },
      task: "start",
    },
    {
      name: "inactive, another invocation: it ran",
      unit: { ...launched, ...here, record: { phase: "intent" }, local: ended },
      task: "note-start",
    },
    {
      name: "failed, same invocation",
      unit: {
        ...launched,
        ...here,
        record: { phase: "intent", invocationBefore: "a1" },
        local: { activeState: "failed", invocationId: "a1" },
      },
      task: "start",
    },
    {
      name: "running",
      unit: { ...launched, ...here, record: { phase: "intent" }, local: active },
      task: "note-start",
    },
    {
      name: "a job is queued",
      unit: { ...launched, ...here, record: { phase: "intent" }, local: { hasJob: true } },
      task: "note-start",
    },
  ],
  "a lost record": [
    {
      name: "the registry knows that it was started",
      unit: { ...launched, ...here, lost: "said started", local: ended },
      task: "note-start",
    },
    {
      name: "the registry knows of an older start",
      unit: { seat: { startCount: 2 }, ...here, lost: "said started", local: ended },
      task: "start",
    },
    {
      name: "the registry knows that it was not started",
      unit: { ...launched, ...here, lost: "said not started" },
      task: "start",
    },
    {
      name: "the registry knows nothing: adopted, not started",
      unit: { ...launched, ...here, lost: "said nothing" },
      task: "note-start",
    },
  ],
  "nothing is begun by seats that are not to be acted on": [
    ...(["joining", "disconnected", "frozen", "displaced"] as const).flatMap((condition): Case[] => [
      { name: `${condition}: start`, unit: { ...launched, ...here }, view: { condition } },
      { name: `${condition}: load`, unit: launched, view: { condition } },
      { name: `${condition}: stop`, unit: { ...tombstone, ...here, local: active }, view: { condition } },
      { name: `${condition}: unload`, unit: { ...tombstone, ...here }, view: { condition } },
    ]),
    {
      name: "disconnected, half replaced: goes on",
      unit: { ...launched, ...here, rest: { isReplacing: true } },
      view: { condition: "disconnected" },
      task: "start",
    },
    {
      name: "frozen, half replaced: does not",
      unit: { ...launched, ...here, rest: { isReplacing: true } },
      view: { condition: "frozen" },
    },
    {
      name: "systemd cannot be reached",
      unit: { ...tombstone, ...here, local: active },
      view: { isConnected: false },
    },
  ],
  "one step at a time": [
    { name: "loading", unit: { ...launched, rest: { work: "load" } } },
    {
      name: "starting, and told to go",
      unit: { ...tombstone, ...here, local: active, rest: { work: "start" } },
    },
  ],
};

for (const [rule, table] of Object.entries(cases)) {
  describe(rule, () => {
    test.each(table)("$name", ({ unit, view, task, wait }) => {
      const { tasks, waits } = plan({ "web.service": unit }, view);
      expect(tasks).toEqual(task === undefined ? [] : [`${task} web.service`]);
      expect(waits["web.service"] ?? "").toEqual(wait === undefined ? "" : expect.stringContaining(wait));
    });
  });
}
