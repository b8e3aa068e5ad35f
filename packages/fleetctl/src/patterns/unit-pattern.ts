import { compileGlob, globProblem, isTemplate } from "@fleet/core";
import { UsageError } from "../usage-error.js";

/** Says whether a word stands for all names that match it, rather than for itself. */
export function isPattern(text: string): boolean {
  return /[*?[]/.test(text);
}

/**
 * Reads a pattern for texts of any kind: `*` any characters, `?` one, `[a-z]` one of these, `[!a-z]` or `[^a-z]` one of
 * all others. A backslash stands for itself, because names of units have them and have none of the characters that it
 * could quote.
 * @throws {UsageError} for a class that is not closed.
 */
export function compilePattern(text: string): (candidate: string) => boolean {
  const glob = text.replaceAll("\\", "\\\\").replaceAll("[!", "[^");
  const problem = globProblem(glob);
  if (problem !== undefined)
    throw new UsageError(`Error: malformed pattern ${JSON.stringify(text)}: ${problem}`);
  return compileGlob(glob);
}

/**
 * Reads a pattern for names of units. The type may be left out where it is `.service`. `@*` stands for instances: it
 * does not match the template itself, so that nobody who means all instances destroys what they are made from.
 * @throws {UsageError} as {@link compilePattern}.
 */
export function compileUnitPattern(text: string): (name: string) => boolean {
  const matchesWhole = compilePattern(text);
  const wantsInstance = text.includes("@*");
  return (name) => {
    if (wantsInstance && isTemplate(name)) return false;
    return (
      matchesWhole(name) || (name.endsWith(serviceType) && matchesWhole(name.slice(0, -serviceType.length)))
    );
  };
}

const serviceType = ".service";
