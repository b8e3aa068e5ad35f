import { describe, expect, test } from "vitest";
import { launched, machine, type Sketch, tombstone, unitOf } from "./testing/unit-sketch.js";
import { unitStateOf } from "./unit-state-of.js";

const nothing = { refusal: undefined, problem: undefined, jobResult: undefined };

describe("the state of a unit that is not here", () => {
  test.each<[string, Sketch, number, number | undefined]>([
    ["the tombstone that stands there was acknowledged", tombstone, 20, 20],
    ["an older one was", tombstone, 19, undefined],
    ["it has a seat by now, because etcd was restored", launched, 19, undefined],
    ["the tombstone is gone", { seat: undefined }, 20, undefined],
  ])("if %s", (_case, sketch, acked, said) => {
    const unit = unitOf("x.service", { ...sketch, local: {}, rest: { acked } });
    expect(unitStateOf(machine, unit, nothing)?.acked).toBe(said);
  });
});
