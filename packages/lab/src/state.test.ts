import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type LabState, StateFile } from "./state.js";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "lab-state-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

const state: LabState = {
  version: 1,
  name: "x",
  way: "namespace",
  kernelBootId: "b",
  createdAt: "now",
  dataDirectory: "/d",
  cgroup: "/c",
  ports: {},
  machines: {},
};

it("loses no update of several writers, and leaves no other file", async () => {
  new StateFile(directory).create(state);
  const keys = Array.from({ length: 10 }, (_, number) => `key${number}`);
  const write = (key: string) =>
    new StateFile(directory).update((now) => ({ ...now, ports: { ...now.ports, [key]: 1 } }));
  await Promise.all(keys.map(write));
  expect(Object.keys(new StateFile(directory).read()?.ports ?? {}).sort()).toEqual(keys);
  expect(readdirSync(directory)).toEqual(["state.json"]);
});

it.each(["", "{", '{"version":2}'])("takes %j for no state", async (text) => {
  const file = new StateFile(directory);
  writeFileSync(join(directory, "state.json"), text);
  expect(file.read()).toBeUndefined();
  await expect(file.update((now) => now)).rejects.toMatchObject({ code: "not-running" });
});
