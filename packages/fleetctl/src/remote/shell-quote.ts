/** What every POSIX shell takes as it stands. */
const plainWord = /^[A-Za-z0-9_@%+=:,./-]+$/;

/**
 * Writes a word so that a POSIX shell reads exactly this word, whatever is in it. Words without special characters stay as
 * they are.
 */
export function shellQuote(word: string): string {
  return plainWord.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Writes a command line that a POSIX shell reads as exactly these words. */
export function shellCommand(words: readonly string[]): string {
  return words.map(shellQuote).join(" ");
}
