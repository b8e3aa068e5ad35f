import type { Clock } from "@fleet/core/ports";
import type { Answer } from "./answer.js";
import { encodeJson, encodeJsonText } from "./json.js";

/** Encoding so many entries takes some milliseconds at most; after them, others get their turn. */
const entriesAtOnce = 250;

/**
 * The answer with an entity that may have long lists. Such a one is encoded in parts while it is sent, so that a list of
 * everything holds nobody up. The bytes are the same either way.
 * @param entity - Of the moment: nothing of it may change later.
 * @param signal - Ends the encoding when nobody wants the answer any more.
 */
export function listAnswer(entity: object, clock: Clock, signal: AbortSignal): Answer {
  const isLong = Object.values(entity).some(isLongList);
  return { status: 200, body: isLong ? encodeInParts(entity, clock, signal) : encodeJson(entity) };
}

function encodeEntry(entry: object | string): string {
  return typeof entry === "string" ? encodeJsonText(entry) : encodeJson(entry);
}

function isLongList(value: unknown): value is readonly (object | string)[] {
  return Array.isArray(value) && value.length > entriesAtOnce;
}

async function* encodeInParts(
  entity: object,
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<string, void, void> {
  let opening = "{";
  for (const key of Object.keys(entity).sort()) {
    const value = (entity as Readonly<Record<string, unknown>>)[key];
    if (!isLongList(value)) {
      const members = encodeJson({ [key]: value }).slice(1, -1);
      if (members === "") continue;
      yield opening + members;
    } else {
      yield `${opening}${encodeJsonText(key)}:[`;
      for (let from = 0; from < value.length; from += entriesAtOnce) {
        const part = value.slice(from, from + entriesAtOnce).map(encodeEntry);
        yield (from === 0 ? "" : ",") + part.join(",");
        await clock.sleep(0, signal);
      }
      yield "]";
    }
    opening = ",";
  }
  yield "}";
}
