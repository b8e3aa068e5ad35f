const short: Readonly<Record<string, string>> = { "\t": "\\t", "\n": "\\n", "\r": "\\r" };

/** Enough for every unit name; a value can be a megabyte. */
const charactersMax = 256;

/**
 * Quotes text for a message, with everything that cannot be seen written as an escape, so that the message stays on
 * one line and cannot fool a terminal. A very long text is cut and followed by `...`.
 * @param mark - The quotation mark; it and the backslash are escaped inside.
 */
export function quote(text: string, mark: '"' | "'" = '"'): string {
  let body = "";
  let shown = 0;
  for (const character of text) {
    if (shown === charactersMax) return `${mark}${body}${mark}...`;
    shown += 1;
    if (character === mark || character === "\\") body += `\\${character}`;
    else if (character === " " || /^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u.test(character)) body += character;
    else body += short[character] ?? escapeOf(character);
  }
  return mark + body + mark;
}

function escapeOf(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  if (code < 0x80) return `\\x${hex.padStart(2, "0")}`;
  return code < 0x10000 ? `\\u${hex.padStart(4, "0")}` : `\\U${hex.padStart(8, "0")}`;
}
