import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseUnitName } from "@fleet/core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openUnitDirectory } from "./unit-directory.js";

const web = parseUnitName("web.service");
let root: string;
let path: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "fleet-units-"));
  path = join(root, "a/units");
});
afterEach(() => rm(root, { recursive: true }));

test("keeps texts exactly, in files that everybody may read", async () => {
  const units = await openUnitDirectory(path);
  await units.write(web, "# a\n\n[Service]\nExecStart=/bin/ä  \n");
  expect(await units.read(web)).toBe("# a\n\n[Service]\nExecStart=/bin/ä  \n");
  expect(units.pathOf(web)).toBe(join(path, "web.service"));
  expect((await stat(units.pathOf(web))).mode & 0o777).toBe(0o644);
  await units.write(web, "b");
  expect(await units.read(web)).toBe("b");
  expect(await readdir(path)).toEqual(["web.service"]);
});

test("lists units, and nothing else that lies there", async () => {
  const units = await openUnitDirectory(path);
  await units.write(web, "a");
  for (const stranger of ["README", ".new-1", "web.service~", "x.conf"])
    await writeFile(join(path, stranger), "");
  expect(await units.list()).toEqual([web]);
});

test("removes what is there, and is content if it is not", async () => {
  const units = await openUnitDirectory(path);
  await units.write(web, "a");
  await units.remove(web);
  await units.remove(web);
  expect(await units.read(web)).toBeUndefined();
});

test("a directory that was removed is empty, and made again", async () => {
  const units = await openUnitDirectory(path);
  await rm(path, { recursive: true });
  expect(await units.list()).toEqual([]);
  await units.write(web, "a");
  expect(await units.list()).toEqual([web]);
});

test("what cannot be read is an error, not absent", async () => {
  const units = await openUnitDirectory(path);
  await mkdir(join(path, "web.service"));
  await expect(units.read(web)).rejects.toMatchObject({ code: "internal" });
  await expect(units.write(web, "a")).rejects.toMatchObject({ code: "internal" });
  expect(await readdir(path)).toEqual(["web.service"]);
});

test("the longest name that a file can have is written too", async () => {
  const units = await openUnitDirectory(path);
  const name = parseUnitName(`${"a".repeat(247)}.service`);
  await units.write(name, "a");
  expect(await units.list()).toEqual([name]);
});
