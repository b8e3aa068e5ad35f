import { UnitFileError } from "@fleet/core";

/**
 * Reads bytes as UTF-8, which is what unit files are written in, and keeps a byte order mark. What is no UTF-8 is refused,
 * because it could not be given back as it was.
 * @throws {UnitFileError} at the first byte that is none.
 */
export function decodeUnitText(bytes: Uint8Array): string {
  try {
    return createDecoder().decode(bytes);
  } catch {
    const text = longestText(bytes);
    const at = new TextEncoder().encode(text).length;
    const lines = text.split("\n");
    const byte = bytes[at]?.toString(16).padStart(2, "0");
    throw new UnitFileError("invalid UTF-8", {
      line: lines.length,
      column: [...(lines.at(-1) ?? "")].length + 1,
      expected: `UTF-8, which byte ${byte} is not part of (is the file in another encoding?)`,
    });
  }
}

/** Finds the longest text that the bytes begin with: halving works, because whatever follows a bad byte is bad, too. */
function longestText(bytes: Uint8Array): string {
  let [good, bad] = [0, bytes.length + 1];
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (beginning(bytes, middle) === undefined) bad = middle;
    else good = middle;
  }
  return beginning(bytes, good) ?? "";
}

/** @returns the whole characters of the first bytes, of which the last may be cut off; `undefined` if they are no UTF-8. */
function beginning(bytes: Uint8Array, length: number): string | undefined {
  try {
    return createDecoder().decode(bytes.subarray(0, length), { stream: true });
  } catch {
    return undefined;
  }
}

function createDecoder() {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
}
