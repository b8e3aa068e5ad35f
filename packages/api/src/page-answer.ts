import type { Clock } from "@fleet/core/ports";
import type { Answer } from "./answer.js";
import { encodeJson, encodeJsonText } from "./json.js";

/** Encoding so many entries takes some milliseconds at most; after them, others get their turn. */
const entriesAtOnce = 250;

/** A page to be answered with. */
export interface PageEntity {
  /** The key that the list stands under. */
  readonly key: string;
  /** Entities of the moment: nothing of them may change later. */
  readonly entries: readonly object[];
  readonly nextPageToken?: string | undefined;
}

/**
 * The answer with a page. A long one is encoded in parts while it is sent, so that a list of everything holds nobody up.
 * @param signal - Ends the encoding when nobody wants the answer any more.
 */
export function pageAnswer(page: PageEntity, clock: Clock, signal: AbortSignal): Answer {
  const { entries, key, nextPageToken = "" } = page;
  if (entries.length <= entriesAtOnce) {
    return { status: 200, body: encodeJson({ [key]: entries, nextPageToken }) };
  }
  return { status: 200, body: encodeInParts(page, clock, signal) };
}

async function* encodeInParts(
  { entries, key, nextPageToken = "" }: PageEntity,
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<string, void, void> {
  const token = nextPageToken === "" ? "" : `"nextPageToken":${encodeJsonText(nextPageToken)}`;
  const isTokenFirst = token !== "" && key > "nextPageToken";
  yield `{${isTokenFirst ? `${token},` : ""}${encodeJsonText(key)}:[`;
  for (let from = 0; from < entries.length; from += entriesAtOnce) {
    const part = entries.slice(from, from + entriesAtOnce).map((entry) => encodeJson(entry));
    yield (from === 0 ? "" : ",") + part.join(",");
    await clock.sleep(0, signal);
  }
  yield token === "" || isTokenFirst ? "]}" : `],${token}}`;
}
