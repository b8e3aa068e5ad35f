import type { Draft } from "../draft.js";
import type { Pattern } from "../pattern-book.js";
import type { Place } from "../place.js";
import type { Subject } from "../subject.js";
import { type Check, objection } from "./check.js";

/** Two units of which one names the other in its `Conflicts` are never on the same machine. */
export const conflicts: Check = {
  name: "conflicts",
  passes: (subject, place, draft) => !draft.hasConflict(subject, place),
  inGeneral: { one: "conflicts with another unit", many: "conflict with other units" },
  explain: (subject, place, draft) => {
    const found = conflictAt(subject, place, draft);
    if (found === undefined) return objection("without a conflict");
    const { other, pattern, own } = found;
    const by = own ? `pattern ${pattern.text}` : `its pattern ${pattern.text}`;
    return {
      one: `conflicts with ${other.name} (${by})`,
      many: `conflict with ${other.name} (${by})`,
    };
  },
};

/** What keeps two units apart. */
export interface Conflict {
  readonly other: Subject;
  readonly pattern: Pattern;
  /** Whether the pattern is the unit's own, not the other's. */
  readonly own: boolean;
}

/** The first unit by name that keeps `subject` away. */
export function conflictAt(subject: Subject, place: Place, draft: Draft): Conflict | undefined {
  let first: Conflict | undefined;
  for (const other of draft.residentsOf(place).keys()) {
    if (other === subject || (first !== undefined && first.other.name < other.name)) continue;
    const own = subject.conflicts.find((pattern) => other.conflictedBy.includes(pattern));
    const others = own ?? other.conflicts.find((pattern) => subject.conflictedBy.includes(pattern));
    if (others !== undefined) first = { other, pattern: others, own: own !== undefined };
  }
  return first;
}
