import fc from "fast-check";
import { expect, it } from "vitest";
import { Bits } from "./bits.js";

const members = fc.uniqueArray(fc.nat({ max: 99 }));

function bitsOf(list: readonly number[]): Bits {
  const bits = new Bits(100);
  for (const member of list) bits.add(member);
  return bits;
}

function listOf(bits: Bits): readonly number[] {
  const found: number[] = [];
  bits.someIn(bits, (member) => {
    found.push(member);
    return false;
  });
  return found;
}

it("is a set", () => {
  fc.assert(
    fc.property(members, members, (some, others) => {
      const bits = bitsOf(some);
      for (const other of others) bits.delete(other);
      const expected = some.filter((member) => !others.includes(member)).sort((a, b) => a - b);
      expect(listOf(bits)).toEqual(expected);
      expect(bits.count).toBe(expected.length);
    }),
  );
});

it("keeps what another set has", () => {
  fc.assert(
    fc.property(members, members, (some, others) => {
      const bits = bitsOf([]);
      bits.fillFrom(bitsOf(some));
      bits.keepOnly(bitsOf(others));
      const expected = some.filter((member) => others.includes(member)).sort((a, b) => a - b);
      expect(listOf(bits)).toEqual(expected);
      expect(bits.count).toBe(expected.length);
    }),
  );
});
