import { parseAmounts } from "../machine/resources.js";
import { itemsOf } from "./list-item.js";
import { quote } from "./quote.js";
import { requirementKeys } from "./requirement-keys.js";
import type { UnitOption } from "./unit-file.js";

/** How many resources one unit may reserve: more than anybody counts, few enough to be looked at for each machine. */
const resourcesMax = 8;

/** Says what is wrong with what a unit reserves, or `undefined`. */
export function reserveProblem(options: readonly UnitOption[], unitName: string): string | undefined {
  const reserved = new Set<string>();
  for (const { key, raw, value } of itemsOf(options, [requirementKeys.reserve], unitName)) {
    const parsed = parseAmounts(value);
    if ("problem" in parsed) return `${key}=${quote(raw, "'")} is not understood: ${parsed.problem}`;
    for (const [name, amount] of parsed.amounts) {
      if (amount === 0) return `${key} of ${name} is 0, which reserves nothing: leave it out`;
      if (reserved.has(name)) return `${key} of ${name} is given twice: write it once`;
      reserved.add(name);
    }
  }
  return reserved.size > resourcesMax
    ? `${requirementKeys.reserve} names ${reserved.size} resources (max ${resourcesMax})`
    : undefined;
}
