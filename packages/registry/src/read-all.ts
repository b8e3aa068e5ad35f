import type { Revision } from "@fleet/core";
import type { RangeResult, Store, StoredValue } from "./store.js";

/** A page of this size is unpacked in some 7 ms, which nobody notices; smaller ones take longer in all. */
const pageItems = 1_000;

/** Everything below a prefix, as of one revision. */
export interface Everything {
  readonly revision: Revision;
  readonly items: readonly StoredValue[];
}

/**
 * Reads all keys of a prefix in pages, at the revision of the first page.
 * @throws {FleetError} `compacted` if the history is compacted meanwhile: begin again.
 */
export async function readAll(
  store: Store,
  prefix: string,
  signal: AbortSignal,
  options: { readonly keysOnly?: boolean } = {},
): Promise<Everything> {
  const items: StoredValue[] = [];
  let page: RangeResult = await store.range({ prefix, limit: pageItems, ...options }, signal);
  const { revision } = page;
  for (;;) {
    items.push(...page.items);
    const last = page.items.at(-1);
    if (!page.more || last === undefined) return { revision, items };
    const from = `${last.key}\0`;
    page = await store.range({ prefix, from, revision, limit: pageItems, ...options }, signal);
  }
}
