import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseUnitFile, serializeUnitFile, UnitFileError, type UnitOption } from "./unit-file.js";
import { unitHash } from "./unit-hash.js";

describe("unit files in general", () => {
  /** Texts made of what the grammar cares about, so that most of them are nearly unit files. */
  const nearlyUnitFile = fc
    .array(
      fc.constantFrom(
        "[",
        "]",
        "=",
        "#",
        ";",
        "\\",
        "\n",
        "\r\n",
        " ",
        "\t",
        "\u00a0",
        "\ufeff",
        "A",
        "b",
        '"',
        "%i",
        "\0",
        "\ud800",
        "[Unit]\n",
        "[X-Fleet]\n",
        "Key=value\n",
        "# note\n",
        "Long=a \\\n  b\n",
      ),
      { maxLength: 40 },
    )
    .map((parts) => parts.join(""));

  /** The options as printing orders them. */
  const gathered = (list: readonly UnitOption[]): readonly UnitOption[] => {
    const sections = [...new Set(list.map((option) => option.section))];
    return sections.flatMap((section) => list.filter((option) => option.section === section));
  };

  const parsed = (text: string): readonly UnitOption[] | undefined => {
    try {
      return parseUnitFile(text);
    } catch (error) {
      expect(error).toBeInstanceOf(UnitFileError);
      return undefined;
    }
  };

  test("reading throws nothing but UnitFileError, with a place inside the text", () => {
    fc.assert(
      fc.property(fc.oneof(nearlyUnitFile, fc.string({ unit: "binary" })), (text) => {
        try {
          parseUnitFile(text);
        } catch (error) {
          if (!(error instanceof UnitFileError)) throw error;
          expect(error.line).toBeLessThanOrEqual(text.split("\n").length);
          expect(error.column).toBeGreaterThanOrEqual(1);
        }
      }),
      { numRuns: 2000 },
    );
  });

  const word = fc.stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,8}$/);
  const plainValue = fc.stringMatching(/^([!-[\]-~]([ -[\]-~]{0,20}[!-[\]-~])?)?$/);
  const plainOption = fc.record({ section: word, name: word, value: plainValue });

  test("printing and reading gives the options back, gathered by section", () => {
    fc.assert(
      fc.property(fc.array(plainOption), (list) => {
        expect(parseUnitFile(serializeUnitFile(list))).toEqual(gathered(list));
      }),
    );
  });

  test("what was read from a text without backslashes is printed and read back unchanged", () => {
    fc.assert(
      fc.property(nearlyUnitFile, (text) => {
        const first = parsed(text.replaceAll("\\", ""));
        if (first !== undefined) expect(parseUnitFile(serializeUnitFile(first))).toEqual(gathered(first));
      }),
      { numRuns: 2000 },
    );
  });

  test("comments, empty lines and outer blanks do not change the hash", () => {
    const noise = fc.constantFrom("", "# note\n", "; note\n", "\n", "   \n\t\n", "# [Unit]\n");
    fc.assert(
      fc.property(fc.array(fc.tuple(plainOption, noise)), (list) => {
        const plain = list.map(([option]) => option);
        const noisy = list.map(
          ([{ section, name, value }, text]) => `${text}[${section}]\n${text} ${name} = ${value} \n${text}`,
        );
        expect(unitHash(parseUnitFile(noisy.join("")))).toBe(unitHash(plain));
      }),
    );
  });
});
