import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { createApiHarness } from "./testing/api-harness.js";

const methods = ["GET", "PUT", "DELETE", "PATCH", "HEAD", "POST"] as const;
const resources = [
  "units",
  "state",
  "machines",
  "discovery",
  "wait",
  "status",
  "units/a.service",
  "state/a.service",
];

const path = fc.oneof(
  fc.webPath().map((part) => part || "/"),
  fc
    .tuple(
      fc.constantFrom("/fleet/v1/", "/v1-alpha/", "/fleet/v2/"),
      fc.constantFrom(...resources),
      fc.webQueryParameters(),
    )
    .map(([prefix, resource, query]) => `${prefix}${resource}?timeout=0&${query}`),
  fc.webSegment().map((name) => `/fleet/v1/units/${name}`),
  fc
    .tuple(fc.webSegment(), fc.webSegment(), fc.webSegment())
    .map(
      ([units, after, timeout]) =>
        `/fleet/v2/wait?timeout=0&units=${units}&after=${after}&timeout=${timeout}`,
    ),
  fc.webSegment().map((token) => `/fleet/v1/units?nextPageToken=${token}`),
);

const unitOption = fc.record(
  {
    section: fc.constantFrom("Unit", "X-Fleet", ""),
    name: fc.string({ maxLength: 8 }),
    value: fc.string({ maxLength: 8 }),
  },
  { requiredKeys: [] },
);
const body = fc.oneof(
  fc.string(),
  fc.json(),
  fc
    .record(
      {
        name: fc.constantFrom("a.service", "", null),
        options: fc.array(unitOption, { maxLength: 4 }),
        text: fc.string(),
        desiredState: fc.constantFrom("inactive", "loaded", "launched", "x", null),
      },
      { requiredKeys: [] },
    )
    .map((value) => JSON.stringify(value)),
);

describe("whatever is asked", () => {
  const { ask, cluster } = createApiHarness();
  cluster.addMachine("m1", "127.0.0.1");

  // The log of the harness throws on errors, and a wait without an end would end the test.
  test.prop([fc.constantFrom(...methods), path, fc.option(body, { nil: undefined })], { numRuns: 1_000 })(
    "is answered, and never with a failure of ours",
    async (method, target, text) => {
      const answer = await ask(method, target, text);
      expect(answer.status).toBeGreaterThanOrEqual(200);
      expect(answer.status).toBeLessThan(500);
    },
  );
});
