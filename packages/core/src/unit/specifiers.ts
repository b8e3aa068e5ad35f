import { splitUnitName } from "./unit-name.js";

/** The specifiers that `[X-Fleet]` values may contain, in the order in which they are replaced. */
export const knownSpecifiers: readonly string[] = ["%n", "%N", "%p", "%i"];

/**
 * Replaces `%n` (full name), `%N` (name without type), `%p` (prefix) and `%i` (instance) in a `[X-Fleet]` value.
 * As in the original, each is replaced in one textual pass, in that order: nothing is unescaped, `%%` is no escape, and
 * every other specifier stays. systemd expands the rest of the file itself when it loads the unit.
 * @param unitName - A text without a dot is no name; then nothing is replaced.
 */
export function expandSpecifiers(text: string, unitName: string): string {
  if (!text.includes("%")) return text;
  const parts = splitUnitName(unitName);
  if (parts === undefined) return text;
  // Replacement functions, because "$" has a meaning in replacement texts.
  return text
    .replaceAll("%n", () => parts.fullName)
    .replaceAll("%N", () => parts.name)
    .replaceAll("%p", () => parts.prefix)
    .replaceAll("%i", () => parts.instance);
}
