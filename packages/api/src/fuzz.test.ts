import { describe, expect, it } from "vitest";
import { blockCases, fuzzTargets, runBlock } from "./testing/fuzz-targets.js";

/** Of each target; all together at least 100,000 cases. `scripts/fuzz.mjs` runs as many as one likes. */
const blocksEach = 50;
const seed = 20_260_101;

describe.each(fuzzTargets.map(({ name }, index) => ({ name, index })))(
  "whatever comes as $name",
  ({ index }) => {
    // The log of the harness throws on errors, and a request without an answer would end the test by its time limit.
    it(`is taken or refused, and never a failure of ours, in ${blocksEach * blockCases} cases`, async () => {
      let cases = 0;
      for (let block = 0; block < blocksEach; block += 1) {
        cases += await runBlock(seed, block * fuzzTargets.length + index, blockCases);
      }
      expect(cases).toBe(blocksEach * blockCases);
    }, 60_000);
  },
);
