import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { comparesOf, cutIntoBatches, keysOf, type PreparedChange } from "./leader-batch.js";
import { transactionLimit } from "./store.js";

/** Changes that share some keys, as the units of a machine share its presence. */
const changes: fc.Arbitrary<readonly PreparedChange[]> = fc
  .array(
    fc.record({
      keys: fc.uniqueArray(fc.nat({ max: 400 }), { minLength: 1, maxLength: 12 }),
      shared: fc.nat({ max: 3 }),
      writes: fc.nat({ max: 12 }),
    }),
    { maxLength: 120 },
  )
  .map((parts) =>
    parts.map(({ keys, shared, writes }, index) => ({
      index,
      conditions: [
        ...keys.map((key) => ({ key: `k${key}`, revision: key })),
        { key: `shared${shared}`, revision: "held" as const },
      ],
      operations: keys.slice(0, writes).map((key) => ({ kind: "delete", key: `k${key}` }) as const),
    })),
  );

describe("batches", () => {
  test.prop([changes])("hold every change once and in order, and never break a limit of etcd", (all) => {
    const batches = cutIntoBatches(all);
    expect(batches.flat()).toEqual(all);
    for (const batch of batches) {
      expect(batch.length).toBeGreaterThan(0);
      expect(comparesOf(batch).length + 2).toBeLessThanOrEqual(transactionLimit);
      expect(keysOf(batch).length + 1).toBeLessThanOrEqual(transactionLimit);
      const written = batch.flatMap(({ operations }) =>
        operations.map((operation) => JSON.stringify(operation)),
      );
      expect(written.length).toBeLessThanOrEqual(transactionLimit);
      expect(new Set(written).size).toBe(written.length);
    }
  });
});
