const blockBytes = 64;
const wordsPerBlock = 16;

/**
 * Feeds a message to a hash of the SHA-1 and SHA-2 family: 64-byte blocks, the last ones padded with a set bit, zeros
 * and the message's length in bits (FIPS 180-4, 5.1.1).
 * @param words - Receives each block as 16 big-endian words at its start, just before `compress` is called.
 */
export function forEachShaBlock(bytes: Uint8Array, words: Int32Array, compress: () => void): void {
  const whole = bytes.length - (bytes.length % blockBytes);
  for (let offset = 0; offset < whole; offset += blockBytes) {
    loadWords(bytes, offset, words);
    compress();
  }
  const rest = bytes.length - whole;
  const tail = new Uint8Array(rest + 9 <= blockBytes ? blockBytes : 2 * blockBytes);
  tail.set(bytes.subarray(whole));
  tail[rest] = 0x80;
  const bits = bytes.length * 8;
  const view = new DataView(tail.buffer);
  view.setUint32(tail.length - 8, Math.floor(bits / 0x1_0000_0000));
  view.setUint32(tail.length - 4, bits % 0x1_0000_0000);
  for (let offset = 0; offset < tail.length; offset += blockBytes) {
    loadWords(tail, offset, words);
    compress();
  }
}

/** Writes 32-bit words as lower-case hexadecimal digits, eight for each. */
export function wordsToHex(words: Iterable<number>): string {
  return Array.from(words, (word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
}

function loadWords(bytes: Uint8Array, offset: number, words: Int32Array): void {
  for (let index = 0; index < wordsPerBlock; index += 1) {
    const at = offset + index * 4;
    words[index] = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
  }
}
