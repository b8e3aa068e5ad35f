import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { sha1Hex } from "./sha1.js";
import { sha256Hex } from "./sha256.js";
import { utf8Bytes, utf8Length } from "./utf8.js";

const node = (algorithm: string, bytes: Uint8Array): string =>
  createHash(algorithm).update(bytes).digest("hex");

test("both hashes agree with node:crypto for every length around the block's end", () => {
  for (let length = 0; length <= 200; length += 1) {
    const bytes = Uint8Array.from({ length }, (_, index) => (index * 37 + length) % 256);
    expect(sha1Hex(bytes)).toBe(node("sha1", bytes));
    expect(sha256Hex(bytes)).toBe(node("sha256", bytes));
  }
});

test("both hashes agree with node:crypto for any bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 5000 }), (bytes) => {
      expect(sha1Hex(bytes)).toBe(node("sha1", bytes));
      expect(sha256Hex(bytes)).toBe(node("sha256", bytes));
    }),
  );
});

test("text is encoded as TextEncoder does", () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("\ud800", "\udc00"))),
      (parts) => {
        const text = parts.join("");
        expect([...utf8Bytes(text)]).toEqual([...new TextEncoder().encode(text)]);
        expect(utf8Length(text)).toBe(utf8Bytes(text).length);
      },
    ),
  );
});
