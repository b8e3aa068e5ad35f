import { encodePageToken, parsePageToken } from "./page-token.js";

/** A part of a sorted list, and the token of the next part if there is one. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly nextPageToken?: string;
}

/**
 * Cuts the page out of a list that the request asks for.
 * @param sorted - Ascending by `keyOf`, which differs for all entries.
 * @param tokens - All values of the request's `nextPageToken`.
 * @throws {HttpError} 400 for a bad token.
 */
export function cutPage<T>(
  sorted: readonly T[],
  keyOf: (item: T) => string,
  tokens: readonly string[],
  limit: number,
): Page<T> {
  const { start, page } = parsePageToken(tokens, limit);
  const from = start.kind === "page" ? (start.page - 1) * limit : firstAfter(sorted, keyOf, start.key);
  const items = sorted.slice(from, from + limit);
  const last = items.at(-1);
  if (last === undefined || from + limit >= sorted.length) return { items };
  return { items, nextPageToken: encodePageToken(limit, page + 1, keyOf(last)) };
}

function firstAfter<T>(sorted: readonly T[], keyOf: (item: T) => string, key: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const item = sorted[middle];
    if (item !== undefined && keyOf(item) <= key) low = middle + 1;
    else high = middle;
  }
  return low;
}
