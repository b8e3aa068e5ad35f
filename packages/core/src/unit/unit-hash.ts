import { sha1Hex } from "./sha1.js";
import { sha256Hex } from "./sha256.js";
import { serializeUnitFile, type UnitOption } from "./unit-file.js";
import { utf8Bytes } from "./utf8.js";

/** The original's identity of a unit's options: 40 lower-case hexadecimal digits. */
export type UnitHash = string;

/** The identity of a unit's exact text: 64 lower-case hexadecimal digits. */
export type ContentId = string;

/**
 * Hashes options as the original does: SHA-1 over the canonical text. Comments, spacing around values, the unit's name
 * and its desired state do not count; every blank inside a value does.
 */
export function unitHash(options: readonly UnitOption[]): UnitHash {
  return sha1Hex(utf8Bytes(serializeUnitFile(options)));
}

/** Names an exact text, comments included: SHA-256 over its UTF-8 bytes. */
export function contentId(text: string): ContentId {
  return sha256Hex(utf8Bytes(text));
}
