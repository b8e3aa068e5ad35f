import { describe, expect, it } from "vitest";
import type { RunningUnit } from "../truth.js";
import { ExclusiveJudge } from "./exclusive-judge.js";
import { FencedResource, parseBeat } from "./fenced-resource.js";

const copy = (machine: string, unit = "only.service", invocation = machine): RunningUnit => ({
  machine,
  unit,
  pid: 1,
  invocation,
});

function judge(): { readonly judge: ExclusiveJudge; at: (ms: number) => void } {
  let nowMs = 0;
  const made = new ExclusiveJudge(new Set(["only.service"]), () => nowMs);
  return {
    judge: made,
    at: (ms) => {
      nowMs = ms;
    },
  };
}

describe("copies by their processes", () => {
  it.each<[string, readonly RunningUnit[], readonly RunningUnit[], number]>([
    ["one", [copy("m1")], [], 0],
    ["two, also when looked at again", [copy("m1"), copy("m2")], [copy("m1"), copy("m2")], 1],
    ["one that ended while the other was looked at", [copy("m1"), copy("m2")], [copy("m2")], 0],
    ["two of a unit that may run twice", [copy("m1", "x"), copy("m2", "x")], [], 0],
  ])("%s", (_, first, second, overlaps) => {
    const { judge: made } = judge();
    made.look(first, () => second);
    made.look(first, () => second);
    expect(made.violations).toHaveLength(overlaps);
    expect(made.figures.overlaps).toBe(overlaps);
  });

  it("does not count what stands still, nor what has only just thawed", () => {
    const both = [copy("m1"), copy("m2")];
    const { judge: made, at } = judge();
    made.frost.freeze("m1", 0);
    at(20_000);
    made.look(both, () => both);
    made.frost.thaw("m1", 21_000);
    at(22_000);
    made.look(both, () => both);
    expect(made.violations).toEqual([]);
    at(30_000);
    made.look(both, () => both);
    expect(made.violations).toHaveLength(1);
  });
});

describe("writes by their tokens", () => {
  it("takes tokens that stay or grow, and refuses others", () => {
    const resource = new FencedResource();
    const take = (machine: string, token: bigint | undefined) =>
      resource.take({ unit: "only.service", machine, token }).kind;
    expect([take("m1", 5n), take("m1", 5n), take("m2", 9n), take("m1", 5n), take("m2", 9n)]).toEqual([
      "accepted",
      "accepted",
      "accepted",
      "refused",
      "accepted",
    ]);
    expect(take("m3", 9n)).toBe("unprotected");
    expect(take("m2", undefined)).toBe("unprotected");
  });

  it("finds a refused write to be a failure unless its machine stood still", () => {
    const { judge: made, at } = judge();
    const write = (machine: string, token: bigint) => made.take({ unit: "only.service", machine, token });
    write("m1", 5n);
    write("m2", 9n);
    made.frost.freeze("m1", 0);
    made.frost.thaw("m1", 100);
    at(200);
    write("m1", 5n);
    expect(made.violations).toEqual([]);
    at(60_000);
    write("m1", 5n);
    expect(made.violations).toHaveLength(1);
    expect(made.figures).toMatchObject({ beats: 4, refused: 2, handOvers: 2 });
  });

  it("reads lines, and passes over halves of them", () => {
    expect(parseBeat("only.service m1 42 1795439222.25")).toEqual({
      unit: "only.service",
      machine: "m1",
      token: 42n,
      wallMs: 1_795_439_222_250,
    });
    expect(parseBeat("only.service m1 - 1795439222.25")).toMatchObject({ token: undefined });
    expect(parseBeat("only.service m1 4")).toBeUndefined();
  });
});
