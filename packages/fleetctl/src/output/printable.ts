/** What can move the cursor, end a line, or change the order in which a terminal shows what follows. */
const unprintable = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/** Those with a notation of their own. */
const named: Readonly<Record<string, string>> = { "\t": "\\t", "\n": "\\n", "\r": "\\r" };

/**
 * Makes a text safe to stand in a line on a terminal, whoever has written it: characters that are not printed are written
 * as `\n`, `\x1b` or `\u2028`; everything else stays.
 */
export function printable(text: string): string {
  return text.replaceAll(unprintable, (character) => {
    const code = character.charCodeAt(0).toString(16);
    return named[character] ?? (code.length > 2 ? `\\u${code}` : `\\x${code.padStart(2, "0")}`);
  });
}
