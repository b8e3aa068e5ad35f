// Where a transcript deviates from the original, it names the row of the ledger that says so.

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { checkout } from "../../support/fleet.js";
import { readTranscript, writeTranscript } from "./transcript.js";

const directory = join(dirname(fileURLToPath(import.meta.url)), "commands");
const rows = readFileSync(join(checkout, "docs/compatibility.md"), "utf8")
  .split("\n")
  .filter((line) => line.startsWith("| "))
  .map((line) => line.slice(2));

describe.each(readdirSync(directory))("%s", (file) => {
  const text = readFileSync(join(directory, file), "utf8");
  const steps = readTranscript(text);

  it("names rows that exist, each clearly", () => {
    const named = new Set(steps.flatMap((step) => (step.kind === "command" ? step.ledger : [])));
    const found = [...named].map((row) => [row, rows.filter((each) => each.startsWith(row)).length]);
    expect(found).toEqual([...named].map((row) => [row, 1]));
  });

  it("is written as it would be rewritten", () => {
    expect(writeTranscript(steps)).toBe(text);
  });
});
