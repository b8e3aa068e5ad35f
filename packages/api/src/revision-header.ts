import type { Revision } from "@fleet/core";

/** Names the revision that an answer belongs to; a client may demand it of its next read, from any server. */
export function revisionHeader(revision: Revision): Readonly<Record<string, string>> {
  return { "Fleet-Revision": String(revision) };
}
