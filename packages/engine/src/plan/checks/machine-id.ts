import { matchesMachineId } from "@fleet/core";
import type { Check } from "./check.js";

/** A unit that names a machine runs on no other. */
export const machineId: Check = {
  name: "machine-id",
  passes: ({ machineId }, place) => machineId === undefined || matchesMachineId(machineId, place.id),
  isUniform: () => true,
  explain: ({ machineId }) => ({
    one: `is not machine "${machineId}"`,
    many: `are not machine "${machineId}"`,
  }),
};
