import type { UnitName } from "@fleet/core";
import type { Pattern } from "./pattern-book.js";
import type { Subject } from "./subject.js";

/**
 * Groups units that are tied to each other by what they follow, exclude or replace.
 * @param ties - Further groups of units that are tied to each other, all of them among `subjects`.
 * @returns for each unit the smallest name of its group.
 */
export function findComponents(
  subjects: ReadonlySet<Subject>,
  ties: Iterable<readonly Subject[]> = [],
): ReadonlyMap<Subject, UnitName> {
  const parents = new Map<object, object>();
  const rootOf = (node: object): object => {
    let root = node;
    for (let up = parents.get(root); up !== undefined && up !== root; up = parents.get(root)) root = up;
    for (let at = node; at !== root; ) {
      const up = parents.get(at)!;
      parents.set(at, root);
      at = up;
    }
    return root;
  };
  const tie = (a: object, b: object): void => {
    const rootA = rootOf(a);
    const rootB = rootOf(b);
    if (rootA !== rootB) parents.set(rootB, rootA);
  };
  for (const subject of subjects) {
    for (const peer of subject.peers) tie(subject, peer);
    for (const pattern of patternsOf(subject)) tie(subject, pattern);
  }
  for (const [first, ...others] of ties) for (const other of others) tie(first!, other);
  const smallest = new Map<object, UnitName>();
  for (const subject of subjects) {
    const root = rootOf(subject);
    const name = smallest.get(root);
    if (name === undefined || subject.name < name) smallest.set(root, subject.name);
  }
  return new Map([...subjects].map((subject) => [subject, smallest.get(rootOf(subject))!]));
}

/** A pattern ties those who declare it to those whom it matches. */
function patternsOf(subject: Subject): readonly Pattern[] {
  return [subject.conflicts, subject.conflictedBy, subject.replaces, subject.replacedBy].flat();
}
