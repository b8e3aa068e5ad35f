import { HttpError } from "./answer.js";

/** Where a page begins. */
export type PageStart =
  /** After the entry with this key; keeps its place while entries come and go. */
  | { readonly kind: "after"; readonly key: string }
  /** The original's way: page `page` of pages of equal size, counted from 1. */
  | { readonly kind: "page"; readonly page: number };

/** Tells our part of a token from bytes that somebody appended to one of the original's, which ignored them. */
const cursorMark = 0x3e;

/**
 * Makes the token of the page after `key`: the original's four bytes, which its rules about limits are checked by, then
 * the key itself. The original's clients hand tokens back unread.
 */
export function encodePageToken(limit: number, page: number, key: string): string {
  const head = Buffer.alloc(5);
  head.writeUInt16LE(limit, 0);
  head.writeUInt16LE(Math.min(page, 0xffff), 2);
  head.writeUInt8(cursorMark, 4);
  return toBase64Url(Buffer.concat([head, Buffer.from(key, "utf8")]));
}

/**
 * Reads the token of a request, ours or the original's.
 * @param values - All values of the parameter; none stands for the first page.
 * @param limit - The server's page size, which the token must have been made with.
 * @throws {HttpError} 400 with the original's message.
 */
export function parsePageToken(
  values: readonly string[],
  limit: number,
): { readonly start: PageStart; readonly page: number } {
  const [text, ...surplus] = values;
  if (text === undefined) return { start: { kind: "page", page: 1 }, page: 1 };
  if (surplus.length > 0) throw new HttpError(400, "too many values for page token");
  const bytes = fromBase64Url(text);
  if (bytes.length === 0) throw new HttpError(400, "EOF");
  if (bytes.length < 4) throw new HttpError(400, "unexpected EOF");
  if (bytes.readUInt16LE(0) !== limit) throw new HttpError(400, `token limit must be ${limit}`);
  const page = bytes.readUInt16LE(2);
  if (page === 0) throw new HttpError(400, "token page must be greater than zero");
  if (bytes.length > 4 && bytes[4] === cursorMark) {
    return { start: { kind: "after", key: bytes.subarray(5).toString("utf8") }, page };
  }
  return { start: { kind: "page", page }, page };
}

/**
 * Decodes URL-safe base64 with padding, strictly.
 * @throws {HttpError} 400 that names the first block of four that cannot be read, as the original did.
 */
function fromBase64Url(text: string): Buffer {
  const good = /^(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-]{2}==|[A-Za-z0-9_-]{3}=)?$/;
  if (!good.test(text)) {
    const readable = /^(?:[A-Za-z0-9_-]{4})*/.exec(text)?.[0].length ?? 0;
    throw new HttpError(400, `illegal base64 data at input byte ${readable}`);
  }
  return Buffer.from(text, "base64url");
}

function toBase64Url(bytes: Buffer): string {
  return bytes.toString("base64").replaceAll("+", "-").replaceAll("/", "_");
}
