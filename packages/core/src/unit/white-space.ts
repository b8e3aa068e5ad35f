/**
 * Says whether the first UTF-16 unit of `text` at `index` is white space in the sense of the original's parser: the
 * Unicode White_Space property. That differs from `String.prototype.trim`, which also removes U+FEFF (a byte order
 * mark is part of an option's name here) and keeps U+0085.
 */
export function isWhiteSpaceAt(text: string, index: number): boolean {
  const code = text.charCodeAt(index);
  if (code <= 0x20) return code === 0x20 || (code >= 0x09 && code <= 0x0d);
  if (code < 0x1680) return code === 0x85 || code === 0xa0;
  return (
    code === 0x1680 ||
    (code >= 0x2000 && code <= 0x200a) ||
    code === 0x2028 ||
    code === 0x2029 ||
    code === 0x202f ||
    code === 0x205f ||
    code === 0x3000
  );
}

/** Removes white space (see {@link isWhiteSpaceAt}) from both ends. */
export function trimWhiteSpace(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isWhiteSpaceAt(text, start)) start += 1;
  while (end > start && isWhiteSpaceAt(text, end - 1)) end -= 1;
  return text.slice(start, end);
}

/** Splits at runs of white space (see {@link isWhiteSpaceAt}). Text without any other character gives no fields. */
export function splitFields(text: string): readonly string[] {
  const fields: string[] = [];
  let start = -1;
  for (let index = 0; index <= text.length; index += 1) {
    const inside = index < text.length && !isWhiteSpaceAt(text, index);
    if (inside && start < 0) start = index;
    if (!inside && start >= 0) {
      fields.push(text.slice(start, index));
      start = -1;
    }
  }
  return fields;
}
