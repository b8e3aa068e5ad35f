import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { optionTable } from "./manual.js";

it("stands in the manual as it is", () => {
  const page = readFileSync(new URL("../../../docs/fleetd.md", import.meta.url), "utf8");
  expect(page).toContain(optionTable());
});
