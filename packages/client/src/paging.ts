import { FleetError } from "@fleet/core";

/** A server that keeps giving next pages without end is broken; a real cluster has far fewer pages. */
const pagesMax = 100_000;

/**
 * Reads all pages of a list.
 * @param read - Fetches the page that `token` names, the first one without.
 * @throws {FleetError} `internal` if the list has no end.
 */
export async function readAllPages<Page extends { readonly nextPageToken?: string }, Item>(
  read: (token: string | undefined) => Promise<Page>,
  itemsOf: (page: Page) => readonly Item[] | undefined,
): Promise<readonly Item[]> {
  const all: Item[] = [];
  let token: string | undefined;
  for (let pages = 0; pages < pagesMax; pages += 1) {
    const page = await read(token);
    for (const item of itemsOf(page) ?? []) all.push(item);
    if (page.nextPageToken === undefined || page.nextPageToken === token) return all;
    token = page.nextPageToken;
  }
  throw new FleetError("internal", `cannot read the list: the server gave more than ${pagesMax} pages`);
}
