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
    ["a>3 a>=5 a>4 a<9 a<5.0.0 a<=7", [["a>=5", "a<5.0.0"]]],
    ["a>=5 a>5 a<=5 a<=6", [["a>5", "a<=5"]]],
    ["a=1 a=2 a!=1 a!=2 a!=3 a>1", [["a=1|2", "a!=2", "a>1"]]],
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

  const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);
  const deep = (depth: number) => `1${".0".repeat(depth)}`;

  it.each([
    ["250 bounds", [...numbers(250).map((i) => `k>=${i}`), "k<125"], [["k>=249", "k<125"]]],
    ["two deep versions", [`k>=${deep(1_000)}`, "k<1"], [[`k>=${deep(1_000)}`, "k<1"]]],
    [
      "300 values, each excluded",
      numbers(300).flatMap((i) => [`k=${i}`, `k!=${i}`]),
      [[`k=${numbers(300).join("|")}`, ...numbers(300).map((i) => `k!=${i}`)]],
    ],
    [
      "250 bounds and a deep version",
      [...numbers(250).map((i) => `k>=${i}`), `k>=${deep(1_000)}`, "k<125"],
      [],
    ],
    ["values beside a deep version", [...numbers(250).map((i) => `k=1+${i}`), `k>${deep(1_000)}.1`], []],
  ])("is done soon with %s, or claims nothing", (_, demands, contradictions) => {
    expect(metadataContradictions(demandOf(demands))).toEqual(contradictions);
  });

  /** Demands as they are found, as they may have been written. */
  const spelled = (texts: readonly string[]) =>
    texts.flatMap((text) => {
      const [first = "", ...others] = text.split("|");
      const [start = ""] = /^a~?=/.exec(text) ?? [];
      return [first, ...others.map((value) => `${start}${value}`)];
    });

  it("finds one where no machine meets the demand, and each part of it is needed", () => {
    const value = fc.constantFrom("0", "1", "2", "x");
    const demand = fc.oneof(
      fc.constantFrom("a", "!a"),
      fc.tuple(fc.constantFrom("a=", "a~=", "a!="), value).map((parts) => parts.join("")),
      fc
        .tuple(fc.constantFrom("a>", "a>=", "a<", "a<="), fc.constantFrom("0", "1", "1.1", "2"))
        .map((parts) => parts.join("")),
    );
    const values = ["0", "0.1", "1", "1.0.1", "1.1", "1.1.1", "2", "2.1", "x"];
    const machines = [{}, ...values.flatMap((a) => [{ a }, { a: `${a}+` }])];
    fc.assert(
      fc.property(fc.array(demand, { maxLength: 8 }), (demands) => {
        const wanted = demandOf(demands);
        const found = metadataContradictions(wanted);
        expect(found.length === 0).toBe(machines.some((machine) => meetsMetadata(wanted, machine)));
        const [contradiction = []] = found;
        for (const text of contradiction) {
          const others = spelled(contradiction.filter((other) => other !== text));
          expect(metadataContradictions(demandOf(others))).toEqual([]);
        }
      }),
      { numRuns: 1_000 },
    );
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
