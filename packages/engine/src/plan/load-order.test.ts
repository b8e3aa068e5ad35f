import fc from "fast-check";
import { expect, it } from "vitest";
import { LoadOrder } from "./load-order.js";

// More than are moved one by one.
const bound = 100;
const step = fc.record({
  index: fc.nat({ max: bound - 1 }),
  share: fc.nat({ max: 2 }),
  seats: fc.nat({ max: 3 }),
  leaves: fc.boolean(),
  looks: fc.boolean(),
});

it("is always the sorted list of its machines", () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 50, maxLength: 300, size: "max" }), (steps) => {
      const order = new LoadOrder(bound);
      const expected = new Map<number, readonly [share: number, seats: number, index: number]>();
      for (const { index, share, seats, leaves, looks } of steps) {
        if (!expected.has(index)) order.add(index, share, seats);
        else if (leaves) order.delete(index);
        else order.change(index, share, seats);
        if (expected.has(index) && leaves) expected.delete(index);
        else expected.set(index, [share, seats, index]);
        expect(order.has(index)).toBe(expected.has(index));
        if (!looks) continue;
        const sorted = [...expected.values()].sort((a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2]);
        const listed = order.listed();
        expect([...listed.order.subarray(0, listed.count)]).toEqual(sorted.map(([, , at]) => at));
      }
    }),
  );
});
