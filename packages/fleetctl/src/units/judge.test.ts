import type { UnitStatusV2 } from "@fleet/client";
import { expect, it } from "vitest";
import { whyNot } from "./judge.js";

const machineID = "113f16a7a2a54b6a8c8dbba2b45e1f01";
const snapshot = { units: new Map(), states: new Map(), revision: 1, isComplete: true };
const seated = (held?: string): UnitStatusV2 => ({
  name: "a.service",
  global: false,
  desiredState: "launched",
  seats: [{ machineID, present: false, target: "launched", ...(held === undefined ? {} : { held }) }],
});

it("says that a unit waits because its machine was lost together with others", () => {
  expect(whyNot(seated(), snapshot)).toBe(
    "its machine 113f16a7... is away (off, cut off, or without fleetd)",
  );
  const problem = "exclusive, and it may still be running there; waits until 12:03:10 UTC";
  expect(whyNot({ ...seated(), problem }, snapshot)).toBe(
    `its machine 113f16a7... is away (off, cut off, or without fleetd): ${problem}`,
  );
  expect(whyNot(seated("lost together with most machines (3 of 4)"), snapshot)).toBe(
    "its machine 113f16a7... is away, and its units are held there: lost together with most machines (3 of 4)",
  );
});
