import { describe, expect, test } from "vitest";
import { foundCases } from "./cases/found.js";
import { protocolCases } from "./cases/protocol.js";
import { runCase } from "./cases/run-case.js";
import { defaultConfig } from "./config.js";
import { runScript } from "./run/run-script.js";
import { generateScript } from "./script/generate.js";

/** How long a test may take where many things run at once: three worlds of a second each, usually. */
const patienceMs = 120_000;

describe("simulated worlds", { timeout: patienceMs }, () => {
  test.each([1, 2, 3, 4])("keep every promise: seed %i", async (seed) => {
    const { violation } = await runScript(generateScript(String(seed), defaultConfig));
    expect(violation).toBeUndefined();
  });

  test("are the same to the last byte when they are played again, told or not", async () => {
    const script = generateScript("11", defaultConfig);
    const [first, told] = [await runScript(script), await runScript(script, true)];
    expect(told.digest).toBe(first.digest);
    expect(told.lines.length).toBeGreaterThan(100);
    expect((await runScript(generateScript("12", defaultConfig))).digest).not.toBe(first.digest);
  });
});

describe("interleavings that bought the protocol's rules", () => {
  test.each(protocolCases.map((one) => [one.rule, one.name, one] as const))(
    "%s: %s",
    async (_rule, _name, one) => {
      expect((await runCase(one)).violation).toBeUndefined();
    },
  );
});

describe("what the simulation has found", () => {
  test.each(foundCases.map((one) => [one.rule, one.name, one] as const))(
    "%s: %s",
    async (_rule, _name, one) => {
      expect((await runCase(one)).violation).toBeUndefined();
    },
  );
});
