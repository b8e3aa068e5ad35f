/** How much of a hash is enough to tell units apart. */
const shortHashLength = 7;

/** A hash as lists show it; `-` if there is none. */
export function hashCell(hash: string | undefined, isFull: boolean): string {
  if (hash === undefined || hash === "") return "-";
  return isFull ? hash : hash.slice(0, shortHashLength);
}

/** What a filter may mean by a hash: all of it, or what lists show. */
export function hashTexts(hash: string | undefined): readonly string[] {
  return hash === undefined ? [""] : [hash, hashCell(hash, false)];
}
