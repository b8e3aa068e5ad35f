import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { makeDirectories } from "./directories.js";

it("makes parents, and takes what is there", () => {
  const base = mkdtempSync(join(tmpdir(), "fleet-directories-"));
  makeDirectories([join(base, "a/b/c"), join(base, "a")]);
  expect(statSync(join(base, "a/b/c")).isDirectory()).toBe(true);
  rmSync(base, { recursive: true });
});

it.each(["/proc/fleet", "/proc/fleet/deeper", "/dev/null/fleet"])("refuses %s, and returns", (path) => {
  expect(() => makeDirectories([path])).toThrow(`cannot use the directory ${path}`);
});
