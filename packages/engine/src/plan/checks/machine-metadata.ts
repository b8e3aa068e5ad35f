import { matchesMetadata } from "@fleet/core";
import type { Check, Objection } from "./check.js";

/** A machine must have, for each key the unit demands, one of the values it accepts. */
export const machineMetadata: Check = {
  name: "machine-metadata",
  passes: (subject, place) => matchesMetadata(subject.machineMetadata, place.metadata),
  isUniform: ({ machineMetadata }) => machineMetadata.size === 1,
  inGeneral: { one: "lacks metadata it demands", many: "lack metadata it demands" },
  explain: (subject, place) => {
    // With one key there is but one thing to lack.
    const missing =
      subject.machineMetadata.size === 1
        ? [...subject.machineMetadata]
        : [...subject.machineMetadata].filter(
            ([key, values]) => !matchesMetadata(new Map([[key, values]]), place.metadata),
          );
    return lacking(missing.map(([key, values]) => `${key}=${values.join("|")}`).join(" and "));
  },
};

function lacking(what: string): Objection {
  return { one: `lacks ${what}`, many: `lack ${what}` };
}
