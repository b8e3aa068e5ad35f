import { forEachShaBlock, wordsToHex } from "./sha-blocks.js";

const rounds = 80;

/**
 * SHA-1 (FIPS 180-4) of some bytes: the identity of a unit's options on the v1 wire, not a protection against anybody.
 * Pure, so that the planners and every client can use it.
 * @returns 40 lower-case hexadecimal digits.
 */
export function sha1Hex(bytes: Uint8Array): string {
  const state = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0);
  const words = new Int32Array(rounds);
  forEachShaBlock(bytes, words, () => compress(state, words));
  return wordsToHex(state);
}

function compress(state: Int32Array, words: Int32Array): void {
  for (let round = 16; round < rounds; round += 1) {
    const mixed = words[round - 3]! ^ words[round - 8]! ^ words[round - 14]! ^ words[round - 16]!;
    words[round] = (mixed << 1) | (mixed >>> 31);
  }
  let a = state[0]!;
  let b = state[1]!;
  let c = state[2]!;
  let d = state[3]!;
  let e = state[4]!;
  for (let round = 0; round < rounds; round += 1) {
    let sum = (((a << 5) | (a >>> 27)) + e + words[round]!) | 0;
    if (round < 20) sum += ((b & c) | (~b & d)) + 0x5a827999;
    else if (round < 40) sum += (b ^ c ^ d) + 0x6ed9eba1;
    else if (round < 60) sum += ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
    else sum += (b ^ c ^ d) + 0xca62c1d6;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = sum | 0;
  }
  state[0] = state[0]! + a;
  state[1] = state[1]! + b;
  state[2] = state[2]! + c;
  state[3] = state[3]! + d;
  state[4] = state[4]! + e;
}
