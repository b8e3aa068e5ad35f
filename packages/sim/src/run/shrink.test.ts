import { expect, test } from "vitest";
import { at, submit } from "../cases/case.js";
import { defaultConfig } from "../config.js";
import { runScript } from "./run-script.js";
import { shrink } from "./shrink.js";

test("a failing script is cut down to what it takes to fail", async () => {
  const garbage = (key: "u0.service" | "u1.service", ms: number) =>
    ({ kind: "bad-record", key: { area: "units", unit: key }, garbage: "{", ms }) as const;
  const script = {
    seed: "shrinks",
    config: { ...defaultConfig, machines: 2, minutes: 1 },
    steps: [
      at(4, submit("m1", "u0.service")),
      at(5, submit("m1", "u1.service")),
      at(6, garbage("u1.service", 1_000)),
      at(10, { kind: "etcd-leader-change" } as const),
      at(12, { kind: "spin" } as const),
    ],
  };
  const outcome = await runScript(script);
  expect(outcome.violation?.invariant).toBe("no-bugs");
  const { script: shortest } = await shrink(script, outcome);
  expect(shortest.steps.map(({ deed }) => deed.kind)).toEqual(["spin"]);
});
