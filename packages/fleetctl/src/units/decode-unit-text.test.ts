import { UnitFileError } from "@fleet/core";
import { describe, expect, it } from "vitest";
import { decodeUnitText } from "./decode-unit-text.js";

function refusal(bytes: Uint8Array): UnitFileError | undefined {
  try {
    decodeUnitText(bytes);
    return undefined;
  } catch (error) {
    if (error instanceof UnitFileError) return error;
    throw error;
  }
}

const latin1 = (text: string): Uint8Array => Buffer.from(text, "latin1");

describe("unit files in bytes", () => {
  it.each(["", "a\nb", "\ufeff# é € 😀\n\0"])("%j comes back as it was", (text) => {
    expect(decodeUnitText(Buffer.from(text))).toBe(text);
  });

  const cases: readonly [what: string, bytes: Uint8Array, place: string, byte: string][] = [
    ["Latin-1 in a comment", latin1("[Unit]\n# caf\xe9s\n"), "2:6", "e9"],
    ["the first byte", latin1("\xff"), "1:1", "ff"],
    [
      "after characters of several bytes",
      Buffer.concat([Buffer.from("é€😀"), latin1("\xe9 x")]),
      "1:4",
      "e9",
    ],
    ["a character that is cut off by another", Buffer.from([0x0a, 0xe2, 0x82, 0x41]), "2:1", "e2"],
    ["a character that is cut off by the end", Buffer.from("ab€").subarray(0, 4), "1:3", "e2"],
    ["a surrogate", Buffer.from([0x61, 0xed, 0xa0, 0x80]), "1:2", "ed"],
    ["a second one does not matter", latin1(`${"x".repeat(999)}\n\xe9\n\xe9`), "2:1", "e9"],
  ];
  it.each(cases)("%s", (_what, bytes, place, byte) => {
    const { message, line, column, expected } = refusal(bytes) ?? {};
    expect([message, `${line}:${column}`]).toEqual(["invalid UTF-8", place]);
    expect(expected).toContain(`byte ${byte} `);
  });
});
