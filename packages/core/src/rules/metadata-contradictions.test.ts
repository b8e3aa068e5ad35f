import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseRequirements } from "../unit/requirements.js";
import { meetsMetadata } from "./meets-metadata.js";
import { metadataContradictions } from "./metadata-contradictions.js";

const demandOf = (demands: readonly string[]) =>
  parseRequirements(
    demands.map((value) => ({ section: "X-Fleet", name: "MachineMetadata", value: `"${value}"` })),
    "u.service",
  );
const found = (text: string) => metadataContradictions(demandOf(text.split(" ")));

describe("metadataContradictions", () => {
  it.each([
    ["a !a", [["a", "!a"]]],
    ["a=1 !a", [["a=1", "!a"]]],
    ["a>1 !a", [["a>1", "!a"]]],
    ["a~=x* !a", [["a~=x*", "!a"]]],
    ["a=1 a!=1", [["a=1", "a!=1"]]],
    ["a=1 a!=2 a!=1", [["a=1", "a!=1"]]],
    ["a=1 a=2 a!=1 a!=2", [["a=1|2", "a!=1", "a!=2"]]],
    ["a=1 a>3", [["a=1", "a>3"]]],
    ["a=x a>3", [["a=x", "a>3"]]],
    ["a>5 a<4", [["a>5", "a<4"]]],
    ["a>5 a<5", [["a>5", "a<5"]]],
    ["a>=5 a<5.0", [["a>=5", "a<5.0"]]],
    ["a>5 a<=5", [["a>5", "a<=5"]]],
    ["a<0", [["a<0"]]],
    ["a~=x a!=x", [["a~=x", "a!=x"]]],
    [
      "c=1 b=1 a !a b>2",
      [
        ["b=1", "b>2"],
        ["a", "!a"],
      ],
    ],
  ])("%s contradicts itself", (text, contradictions) => {
    expect(found(text)).toEqual(contradictions);
  });

  it.each([
    "a=1",
    "a=1 a=2",
    "a=1 a=2 a!=1",
    "a a!=1",
    "!a a!=1",
    "a>4 a<5",
    "a>1 a<1.0.1",
    "a>=5 a<=5",
    "a>=5 a<=5 a!=5 a!=5.0 a!=5+",
    "a<=0",
    "a=5.1 a>5 a<6",
    "a=1 a~=2* a>1",
    "a~=x* a>5",
    "a !b",
  ])("%s can be met", (text) => {
    expect(found(text)).toEqual([]);
  });

  it("finds none where a machine meets the demand", () => {
    const value = fc.constantFrom("0", "1", "1.1", "2", "x");
    const demand = fc.oneof(
      fc.constantFrom("a", "!a", "a~=1*", "a~=x", "b", "!b"),
      fc.tuple(fc.constantFrom("a=", "a!=", "b!="), value).map((parts) => parts.join("")),
      fc
        .tuple(fc.constantFrom("a>", "a>=", "a<", "a<="), fc.constantFrom("0", "1", "1.1", "2"))
        .map((parts) => parts.join("")),
    );
    const machine = fc.record({ a: value, b: value }, { requiredKeys: [] });
    fc.assert(
      fc.property(fc.array(demand, { maxLength: 5 }), machine, (demands, metadata) => {
        const wanted = demandOf(demands);
        fc.pre(meetsMetadata(wanted, metadata as Record<string, string>));
        expect(metadataContradictions(wanted)).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });
});
