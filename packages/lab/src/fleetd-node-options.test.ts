import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { fleetdNodeOptions } from "./fleetd-node-options.js";

it("are those of the unit that users are given", () => {
  const page = readFileSync(new URL("../../../docs/fleetd.md", import.meta.url), "utf8");
  const [, words = ""] = /^ExecStart=\S+ (.*) \S+fleetd\.mjs$/m.exec(page) ?? [];
  expect(words.split(" ")).toEqual(fleetdNodeOptions);
});
