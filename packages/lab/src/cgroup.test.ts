import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { isFrozen, isPopulated, pidsBelow, unitsIn } from "./cgroup.js";

let group: string;
beforeEach(() => {
  group = mkdtempSync(join(tmpdir(), "lab-cgroup-"));
});
afterEach(() => rmSync(group, { recursive: true }));

function put(path: string, text: string): void {
  mkdirSync(dirname(join(group, path)), { recursive: true });
  writeFileSync(join(group, path), text);
}

it("finds units at any depth, with the processes of their sub-groups, and nothing else", async () => {
  put("init.scope/cgroup.procs", "1\n");
  put("app.slice/cgroup.procs", "");
  put("app.slice/a.service/cgroup.procs", "10\n11\n");
  put("app.slice/a.service/sub/cgroup.procs", "12\n");
  put("app.slice/app-b.slice/b@1.service/cgroup.procs", "20\n");
  put("app.slice/gone.service/cgroup.procs", "");
  put("session.slice/c.scope/cgroup.procs", "30\n");
  put("app.slice/_cpu.service/cgroup.procs", "40\n");
  expect(await unitsIn(group)).toEqual(
    new Map([
      ["a.service", [10, 11, 12]],
      ["b@1.service", [20]],
      ["c.scope", [30]],
      ["cpu.service", [40]],
    ]),
  );
  expect((await pidsBelow(group)).sort((a, b) => a - b)).toEqual([1, 10, 11, 12, 20, 30, 40]);
});

it("takes a group that is gone for an empty one", async () => {
  const gone = join(group, "gone");
  expect(await unitsIn(gone)).toEqual(new Map());
  expect(await isPopulated(gone)).toBe(false);
  expect(await isFrozen(gone)).toBe(false);
});

it("reads the kernel's events", async () => {
  put("cgroup.events", "populated 1\nfrozen 0\n");
  expect([await isPopulated(group), await isFrozen(group)]).toEqual([true, false]);
  put("cgroup.events", "populated 0\nfrozen 1\n");
  expect([await isPopulated(group), await isFrozen(group)]).toEqual([false, true]);
});
