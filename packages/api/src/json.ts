/**
 * Writes JSON as the original server did, byte for byte: keys in alphabetical order, an empty text, list or map left
 * out, no white space, and `<`, `>`, `&` and the two line separators escaped. Numbers and booleans always stand.
 */
export function encodeJson(value: object): string {
  return encode(value) ?? "{}";
}

/** What a value that never changes looks like; `null` until somebody wants to know. */
const constants = new WeakMap<object, string | undefined | null>();

/**
 * Declares that a list or object will never change, so that it is encoded once and not each time it is answered with.
 * @returns the same.
 */
export function constantJson<T extends object>(value: T): T {
  if (!constants.has(value)) constants.set(value, null);
  return value;
}

type Encodable = string | number | boolean | object | undefined;

function encode(value: Encodable): string | undefined {
  if (value === undefined || value === "") return undefined;
  if (typeof value === "string") return encodeJsonText(value);
  if (typeof value !== "object") return String(value);
  const known = constants.get(value);
  if (known === null) {
    constants.delete(value);
    const text = encode(value);
    constants.set(value, text);
    return text;
  }
  if (known !== undefined) return known;
  if (Array.isArray(value)) {
    // An entry cannot be left out of a list, however empty it is.
    const items = value.map((item: Encodable) => encode(item) ?? (typeof item === "object" ? "{}" : '""'));
    return items.length === 0 ? undefined : `[${items.join(",")}]`;
  }
  const members: string[] = [];
  for (const key of Object.keys(value).sort()) {
    const member = encode((value as Record<string, Encodable>)[key]);
    if (member !== undefined) members.push(`${encodeJsonText(key)}:${member}`);
  }
  return members.length === 0 ? undefined : `{${members.join(",")}}`;
}

/** Writes one text as a JSON string, quotes included. */
export function encodeJsonText(text: string): string {
  return JSON.stringify(text).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** What came of reading a body: a value, or why there is none. */
export type DecodedJson = { readonly value: unknown } | { readonly problem: string };

/**
 * Reads the first JSON value of a text; what follows it is ignored, as the original did.
 * @returns the problem in the original's words where those are short, else in those of the JavaScript engine.
 */
export function decodeJson(text: string): DecodedJson {
  const end = endOfFirstValue(text);
  if (end === "nothing") return { problem: "EOF" };
  if (end === "unfinished") return { problem: "unexpected EOF" };
  try {
    return { value: JSON.parse(text.slice(0, end)) as unknown };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

/** Finds where the first value ends, without judging what is inside it. */
function endOfFirstValue(text: string): number | "nothing" | "unfinished" {
  const start = /[^ \t\r\n]/.exec(text)?.index;
  if (start === undefined) return "nothing";
  const opener = text.charAt(start);
  if (opener !== "{" && opener !== "[" && opener !== '"') {
    return start + (/^[^ \t\r\n{}[\]",:]*/.exec(text.slice(start))?.[0].length || 1);
  }
  let depth = 0;
  let inText = false;
  for (let at = start; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (inText) {
      if (character === "\\") at += 1;
      else if (character === '"') inText = false;
    } else if (character === '"') {
      inText = true;
    } else if (character === "{" || character === "[") {
      depth += 1;
    } else if (character === "}" || character === "]") {
      depth -= 1;
    }
    if (!inText && depth === 0) return at + 1;
  }
  return "unfinished";
}

/**
 * Looks a key up without regard to upper and lower case, as the original did; the exact spelling comes first.
 * @returns `undefined` for a key that is not there and for `null`.
 */
export function jsonField(object: Readonly<Record<string, unknown>>, key: string): unknown {
  const lower = key.toLowerCase();
  const found = Object.hasOwn(object, key)
    ? key
    : Object.keys(object).findLast((candidate) => candidate.toLowerCase() === lower);
  return found === undefined ? undefined : (object[found] ?? undefined);
}

/** Says what kind of JSON value this is, in the original's words. */
export function jsonKind(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return typeof value === "boolean" ? "bool" : typeof value;
}

/** Narrows a JSON value to an object that is no list. */
export function isJsonObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
