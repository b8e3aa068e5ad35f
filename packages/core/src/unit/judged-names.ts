import { isTemplate, splitUnitName } from "./unit-name.js";

/**
 * Instances that have nothing in common but being instances; the last one consists of the only character that means
 * something to a pattern. What is wrong with all of them is taken to be wrong with every instance.
 */
const sampleInstances: readonly string[] = ["1", "zz", "\\"];

/**
 * Lists the names by which a unit's options are judged: its own; for a template those of instances, all of which have to
 * be judged alike for anything to be said of the template.
 */
export function judgedNames(name: string): readonly string[] {
  const parts = splitUnitName(name);
  if (parts === undefined || !isTemplate(name)) return [name];
  return sampleInstances.map((instance) => `${parts.prefix}@${instance}${parts.suffix}`);
}
