import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { UnitName } from "@fleet/core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { SearchPath } from "./search-path.js";

let root: string;
const at = (...parts: string[]) => join(root, ...parts);
const find = (name: string) => new SearchPath([at("etc"), at("run"), at("lib")]).find(name as UnitName);

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "fleet-search-path-"));
  for (const directory of ["etc", "run", "ours"]) mkdirSync(at(directory));
});
afterEach(() => rmSync(root, { recursive: true }));

const link = (name: string) => {
  writeFileSync(at("ours", name), "");
  symlinkSync(at("ours", name), at("run", name));
};

test("a name that nothing has is free, and a directory that is missing hides nothing", () => {
  expect(find("a.service")).toEqual({ kind: "none" });
});

test("a link to a file outside leads there", () => {
  link("a.service");
  expect(find("a.service")).toEqual({ kind: "link", target: at("ours", "a.service") });
  link("a@1.service");
  expect(find("a@1.service")).toEqual({ kind: "link", target: at("ours", "a@1.service") });
});

test("what systemd prefers to a link is found first", () => {
  link("a.service");
  writeFileSync(at("etc", "a.service"), "");
  expect(find("a.service")).toEqual({ kind: "other" });
});

test("the name of an instance is not free if there is a template", () => {
  expect(find("a@1.service")).toEqual({ kind: "none" });
  writeFileSync(at("etc", "a@.service"), "");
  expect(find("a@1.service")).toEqual({ kind: "other" });
});

test.each(["a.slice", "a.mount", "a.target", "a.scope"])(
  "of %s nothing is said: it may need no file",
  (name) => {
    expect(find(name)).toEqual({ kind: "other" });
  },
);

test("a mask, another name and a link to nowhere are systemd's business", () => {
  symlinkSync("/dev/null", at("run", "mask.service"));
  symlinkSync(at("ours", "gone.service"), at("run", "gone.service"));
  writeFileSync(at("run", "real.service"), "");
  symlinkSync("real.service", at("run", "alias.service"));
  for (const name of ["mask.service", "gone.service", "alias.service", "real.service"])
    expect(find(name)).toEqual({ kind: "other" });
});
