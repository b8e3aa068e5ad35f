/**
 * Reads the list syntax of `[X-Fleet]` values, quirks and all, because stored units rely on them.
 *
 * A text that does not both start and end with `"` is one value, verbatim. Otherwise every `"` toggles "inside" and is
 * dropped, and a blank (U+0020 only) outside ends a value. So there are no escapes, two blanks make an empty value, a
 * missing blank glues values together, and a lone `"` is one empty value.
 * @returns At least one value.
 */
export function splitQuotedList(value: string): readonly string[] {
  if (!isQuotedList(value)) return [value];
  const values: string[] = [];
  let current = "";
  let inside = false;
  for (const character of value) {
    if (character === '"') {
      inside = !inside;
    } else if (character === " " && !inside) {
      values.push(current);
      current = "";
    } else {
      current += character;
    }
  }
  values.push(current);
  return values;
}

/** Says whether {@link splitQuotedList} looks for several values in the text at all. */
export function isQuotedList(value: string): boolean {
  return value.startsWith('"') && value.endsWith('"');
}
