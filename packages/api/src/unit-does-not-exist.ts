import type { Revision } from "@fleet/core";
import { HttpError } from "./answer.js";
import { revisionHeader } from "./revision-header.js";

/**
 * The answer to whoever names a unit that is not there.
 * @param revision - When it was not there; absent where nothing was read.
 * @param meant - A unit that is there and may be meant.
 */
export function unitDoesNotExist(revision?: Revision, meant?: string): HttpError {
  return new HttpError(404, "unit does not exist", {
    ...(meant === undefined ? {} : { hint: `did you mean ${meant}?` }),
    ...(revision === undefined ? {} : { headers: revisionHeader(revision) }),
  });
}
