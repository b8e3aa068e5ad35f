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

it("joins, cuts and compares sets", () => {
  fc.assert(
    fc.property(members, members, (some, others) => {
      const both = some.filter((member) => others.includes(member));
      const rest = some.filter((member) => !others.includes(member));
      const [a, b] = [bitsOf(some), bitsOf(others)];
      const sorted = (list: readonly number[]) => [...new Set(list)].sort((x, y) => x - y);
      expect(listOf(Bits.common(a, b))).toEqual(sorted(both));
      expect(Bits.common(a, b).count).toBe(both.length);
      expect(listOf(Bits.without(a, b))).toEqual(sorted(rest));
      expect(listOf(a)).toEqual(sorted(some));
      a.addAll(b);
      expect(listOf(a)).toEqual(sorted([...some, ...others]));
      expect(a.count).toBe(sorted([...some, ...others]).length);
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
