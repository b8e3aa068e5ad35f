import { expect, it, test } from "vitest";
import { exclusiveFenceMs, exclusivePhaseMs } from "./exclusive-fence.js";

it("adds up a lease, the longest stop, a second for killing, and one for the clocks", () => {
  expect(exclusiveFenceMs(10_000, 10_000)).toBe(22_000);
});

const option = (name: string, value = "/bin/true") => ({ section: "Service", name, value });

test.each([
  ["nothing of its own", [option("ExecStart")], 10_000],
  ["a command to stop", [option("ExecStop")], 5_000],
  ["two commands to stop", [option("ExecStop"), option("ExecStop")], 3_333],
  ["one that is taken back", [option("ExecStop"), option("ExecStop", "")], 10_000],
  ["a command afterwards", [option("ExecStopPost")], 3_333],
  ["both", [option("ExecStop"), option("ExecStopPost")], 2_500],
  ["those of a socket", [option("ExecStopPre"), option("ExecStopPost")], 2_500],
])("shares the time among all phases of a unit with %s", (_name, options, expected) => {
  expect(exclusivePhaseMs(10_000, options)).toBe(expected);
});
