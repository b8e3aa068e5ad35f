import { matchesMetadata, meetsMetadata, meetsMetadataRule, metadataRuleText } from "@fleet/core";
import type { Place } from "../place.js";
import type { Subject } from "../subject.js";
import type { Check, Objection } from "./check.js";

/** A machine must have, for each key the unit demands, one of the values it accepts, and meet its other demands. */
export const machineMetadata: Check = {
  name: "machine-metadata",
  passes: (subject, place) => meetsMetadata(subject, place.metadata),
  isUniform: ({ machineMetadata, metadataRules }) => machineMetadata.size + metadataRules.length === 1,
  inGeneral: { one: "lacks metadata it demands", many: "lack metadata it demands" },
  explain: (subject, place) => lacking(missingAt(subject, place).join(" and ")),
};

function missingAt({ machineMetadata, metadataRules }: Subject, { metadata }: Place): readonly string[] {
  const isMissing = ([key, values]: readonly [string, readonly string[]]): boolean =>
    !matchesMetadata(new Map([[key, values]]), metadata);
  return [
    ...[...machineMetadata].filter(isMissing).map(([key, values]) => `${key}=${values.join("|")}`),
    ...metadataRules.filter((rule) => !meetsMetadataRule(rule, metadata)).map(metadataRuleText),
  ];
}

function lacking(what: string): Objection {
  return { one: `lacks ${what}`, many: `lack ${what}` };
}
