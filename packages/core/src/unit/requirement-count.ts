import { splitQuotedList } from "./quoted-list.js";
import { requirementSection } from "./requirement-keys.js";
import type { UnitOption } from "./unit-file.js";
import { splitFields } from "./white-space.js";

/**
 * The most words that all `[X-Fleet]` lines of a unit may hold together. Far more than anybody writes, since patterns
 * and metadata stand for many units and machines; few enough that comparing each with each stays a matter of
 * milliseconds, here and in every round of planning.
 */
const requirementWordsMax = 256;

/** Says that a unit demands too many things, or `undefined`. Looks at nothing else, so it comes before other checks. */
export function requirementCountProblem(options: readonly UnitOption[]): string | undefined {
  let count = 0;
  for (const { section, value } of options) {
    if (section !== requirementSection) continue;
    count += Math.max(splitQuotedList(value).length, splitFields(value).length);
    if (count > requirementWordsMax) {
      return `too many values in the [${requirementSection}] section (max ${requirementWordsMax}): use patterns or metadata`;
    }
  }
  return undefined;
}
