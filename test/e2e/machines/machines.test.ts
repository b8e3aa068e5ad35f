// Full machines, each with its own systemd: some of the scenarios of `npm run e2e`, with a short TTL. What is held is what
// fleet promises, not how fast it was: that depends on who else uses this host.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { play } from "../../lab/e2e/play.js";
import { preflight } from "../../lab/preflight.js";
import { scenarios } from "../../lab/scenarios/index.js";
import { checkout } from "../../support/fleet.js";

const [lack] = preflight();
const kept = mkdtempSync(join(tmpdir(), "fleet-machines-"));
afterAll(() => rmSync(kept, { recursive: true, force: true }));

// scripts/test.mjs says it again at the very end.
if (lack !== undefined) {
  it(`NOT RUN HERE: full machines (${lack.what}; ${lack.fix})`, () => {
    process.stderr.write(`\nNOT RUN: the tests on full machines: ${lack.what}. ${lack.fix}\n\n`);
  });
} else {
  describe("a cluster of full machines", () => {
    for (const scenario of scenarios.filter(({ isQuick }) => isQuick)) {
      it(`${scenario.name}: ${scenario.asks}`, async ({ signal }) => {
        const said: string[] = [];
        const outcome = await play(scenario, {
          checkout,
          labName: "e2emachines",
          signal,
          ttl: "3s",
          parameters: { times: 1, units: 9 },
          progress: (line) => said.push(line),
          keep: kept,
        });
        const broken = outcome.violations.filter(({ promise }) => promise !== "time");
        expect(broken, said.join("\n")).toEqual([]);
        expect(outcome.runs).toBeGreaterThan(0);
      });
    }
  });
}
