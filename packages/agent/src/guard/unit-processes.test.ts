import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseUnitName } from "@fleet/core";
import { afterEach, beforeEach, expect, it, test } from "vitest";
import { createUnitProcesses } from "./unit-processes.js";

const web = parseUnitName("web.service");
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "fleet-proc-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** A process of a pretended kernel. */
function process(pid: number, cgroup: string, state = "S"): void {
  mkdirSync(join(directory, String(pid)));
  writeFileSync(join(directory, String(pid), "cgroup"), cgroup);
  writeFileSync(join(directory, String(pid), "stat"), `${pid} (odd) name) ${state} 1 1`);
}

const of = async (managerGroup: string) =>
  (await createUnitProcesses({ managerGroup, proc: directory, mounts: [] }).of([web])).get(web);

test.each([
  ["cgroup v2", "", "0::/system.slice/web.service\n"],
  ["cgroup v1", "", "4:cpu:/\n1:name=systemd:/system.slice/web.service\n0::/\n"],
  ["a slice in a slice", "", "0::/a.slice/a-b.slice/web.service\n"],
  ["a group of its own below the unit's", "", "0::/system.slice/web.service/libpod/x\n"],
  ["no slice at all", "", "0::/web.service\n"],
  ["a name that the kernel could take for its own", "", "0::/system.slice/_web.service\n"],
  ["a user's systemd", "/user.slice/user@1.service", "0::/user.slice/user@1.service/app.slice/web.service\n"],
  ["the root with a slash", "/", "0::/system.slice/web.service\n"],
])("finds a process in %s", async (_name, managerGroup, cgroup) => {
  process(42, cgroup);
  expect(await of(managerGroup)).toEqual([42]);
});

test.each([
  ["another unit", "", "0::/system.slice/other.service\n"],
  ["a unit of that name of a systemd below", "", "0::/user.slice/user@1.service/app.slice/web.service\n"],
  [
    "a unit of that name of the systemd above",
    "/user.slice/user@1.service",
    "0::/system.slice/web.service\n",
  ],
  ["another hierarchy", "", "4:cpu:/system.slice/web.service\n"],
  ["a group of that name in another unit", "", "0::/system.slice/other.service/web.service\n"],
])("leaves a process of %s alone", async (_name, managerGroup, cgroup) => {
  process(42, cgroup);
  expect(await of(managerGroup)).toBeUndefined();
});

it("counts no zombies, and nothing that is no process", async () => {
  process(42, "0::/system.slice/web.service\n", "Z");
  mkdirSync(join(directory, "sys"));
  expect(await of("")).toBeUndefined();
});

it("tells the kernel to kill the whole group, where there is a way", async () => {
  // A number that no process can have.
  process(2 ** 30, "0::/system.slice/web.service/part\n");
  const group = join(directory, "mount/system.slice/web.service");
  mkdirSync(group, { recursive: true });
  const mounts = [join(directory, "none"), join(directory, "mount")];
  await createUnitProcesses({ managerGroup: "", proc: directory, mounts }).kill(web);
  expect(readFileSync(join(group, "cgroup.kill"), "utf8")).toBe("1");
});
