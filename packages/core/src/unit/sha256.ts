import { forEachShaBlock, wordsToHex } from "./sha-blocks.js";

const rounds = 64;
const { initial, constants } = makeConstants();

/**
 * SHA-256 (FIPS 180-4) of some bytes: names a unit's exact text.
 * Pure, so that the planners and every client can use it.
 * @returns 64 lower-case hexadecimal digits.
 */
export function sha256Hex(bytes: Uint8Array): string {
  const state = Int32Array.from(initial);
  const words = new Int32Array(rounds);
  forEachShaBlock(bytes, words, () => compress(state, words));
  return wordsToHex(state);
}

function compress(state: Int32Array, words: Int32Array): void {
  for (let round = 16; round < rounds; round += 1) {
    const early = words[round - 15]!;
    const late = words[round - 2]!;
    const small0 = rotateRight(early, 7) ^ rotateRight(early, 18) ^ (early >>> 3);
    const small1 = rotateRight(late, 17) ^ rotateRight(late, 19) ^ (late >>> 10);
    words[round] = words[round - 16]! + small0 + words[round - 7]! + small1;
  }
  let a = state[0]!;
  let b = state[1]!;
  let c = state[2]!;
  let d = state[3]!;
  let e = state[4]!;
  let f = state[5]!;
  let g = state[6]!;
  let h = state[7]!;
  for (let round = 0; round < rounds; round += 1) {
    const big1 = rotateRight(e, 6) ^ rotateRight(e, 11) ^ rotateRight(e, 25);
    const chosen = (e & f) ^ (~e & g);
    const first = (h + big1 + chosen + constants[round]! + words[round]!) | 0;
    const big0 = rotateRight(a, 2) ^ rotateRight(a, 13) ^ rotateRight(a, 22);
    const majority = (a & b) ^ (a & c) ^ (b & c);
    h = g;
    g = f;
    f = e;
    e = (d + first) | 0;
    d = c;
    c = b;
    b = a;
    a = (first + big0 + majority) | 0;
  }
  state[0] = state[0]! + a;
  state[1] = state[1]! + b;
  state[2] = state[2]! + c;
  state[3] = state[3]! + d;
  state[4] = state[4]! + e;
  state[5] = state[5]! + f;
  state[6] = state[6]! + g;
  state[7] = state[7]! + h;
}

function rotateRight(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits));
}

/** The standard defines its constants as the first 32 fractional bits of roots of the first primes. */
function makeConstants(): { readonly initial: Int32Array; readonly constants: Int32Array } {
  const primes: number[] = [];
  for (let candidate = 2; primes.length < rounds; candidate += 1) {
    if (primes.every((prime) => candidate % prime !== 0)) primes.push(candidate);
  }
  return {
    initial: Int32Array.from(primes.slice(0, 8), (prime) => rootFraction(prime, 2)),
    constants: Int32Array.from(primes, (prime) => rootFraction(prime, 3)),
  };
}

/** The first 32 bits after the point of the `degree`-th root of `value`, exactly: floating point would not do. */
function rootFraction(value: number, degree: 2 | 3): number {
  const power = BigInt(degree);
  const scaled = BigInt(value) << (32n * power);
  let low = 0n;
  let high = BigInt(value) << 32n;
  while (low < high) {
    const middle = (low + high + 1n) >> 1n;
    if (middle ** power <= scaled) low = middle;
    else high = middle - 1n;
  }
  return Number(BigInt.asIntN(32, low));
}
