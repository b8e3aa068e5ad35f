import { matchesMetadata } from "@fleet/core";
import type { Check } from "./check.js";

/** A machine must have, for each key the unit demands, one of the values it accepts. */
export const machineMetadata: Check = {
  name: "machine-metadata",
  passes: (subject, place) => matchesMetadata(subject.machineMetadata, place.metadata),
  explain: (subject, place) => {
    const missing = [...subject.machineMetadata]
      .filter(([key, values]) => !matchesMetadata(new Map([[key, values]]), place.metadata))
      .map(([key, values]) => `${key}=${values.join("|")}`)
      .join(" and ");
    return { one: `lacks ${missing}`, many: `lack ${missing}` };
  },
};
