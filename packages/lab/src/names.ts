import { LabError } from "./lab-error.js";

// Lower-case letters and digits only: a dash in a slice's name would make it a child of another slice,
// and names end up in socket paths, which have 108 bytes.
const namePattern = /^[a-z][a-z0-9]{0,15}$/;

/**
 * Checks the name of a lab or of a machine.
 * @throws {LabError} `invalid` unless it is a letter followed by up to 15 letters and digits, all lower case.
 */
export function checkName(kind: "lab" | "machine", name: string): string {
  if (namePattern.test(name) && !(kind === "machine" && name === etcdGroup)) return name;
  throw new LabError("invalid", `cannot name a ${kind} ${JSON.stringify(name)}`, {
    hint: `Use a lower-case letter followed by up to 15 letters and digits (a machine cannot be called "${etcdGroup}").`,
  });
}

/** The process group of the lab's etcd, beside those of the machines. */
export const etcdGroup = "etcd";

/** A glob of unit names as a predicate: `*` is any text, `?` one character, everything else itself. */
export function unitNameMatcher(pattern: string): (name: string) => boolean {
  const source = pattern
    .replace(/[\\^$.|+()[\]{}]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  const expression = new RegExp(`^${source}$`, "s");
  return (name) => expression.test(name);
}
