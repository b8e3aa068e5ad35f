import { describe, expect, test } from "vitest";
import { isFleetError } from "../errors.js";
import { parseUnitFile } from "./unit-file.js";
import { validateUnit } from "./validate-unit.js";

function problemOf(name: string, lines: string): string | undefined {
  try {
    validateUnit(name, parseUnitFile(`[X-Fleet]\n${lines}\n`));
    return undefined;
  } catch (error) {
    if (isFleetError(error, "invalid-argument")) return error.message;
    throw error;
  }
}

describe("validateUnit reports the first problem", () => {
  test.each([
    ["the name before everything else", "web", "MachineID=\nGlobal=true", 'unit name must contain "."'],
    [
      "the combination before the values",
      "web.service",
      "MachineID=\nGlobal=true",
      "MachineID cannot be used with Global",
    ],
    [
      "then the values",
      "web.service",
      "Conflicts=[",
      'Conflicts pattern "[" is malformed: a "[" is not closed by a "]"',
    ],
    [
      "a name that is nothing but a type",
      ".service",
      "MachineID=",
      'unit name ".service" has nothing before its type: systemd loads no such unit',
    ],
    [
      "a name of 256 bytes",
      `${"a".repeat(248)}.service`,
      "MachineID=",
      "unit name exceeds maximum length (255), beyond which systemd loads no unit",
    ],
    ["nothing for a name of 255 bytes", `${"a".repeat(247)}.service`, "Global=true", undefined],
    ["nothing for a name that a dot begins", ".a.service", "Global=true", undefined],
    ["nothing for a good unit", "web.service", "Global=true", undefined],
    ["nothing for an unknown key", "web.service", "Conflict=x", undefined],
  ])("%s", (_case, name, lines, problem) => {
    expect(problemOf(name, lines)).toBe(problem);
  });

  test.each([
    ["lines", "MachineOf=b.service\n".repeat(257)],
    ["words", `Conflicts=${"b* ".repeat(257)}`],
    ["quoted values", `MachineMetadata=${Array(257).fill('"a=b"').join(" ")}`],
  ])("too many %s are refused before they are compared", (_case, lines) => {
    expect(problemOf("web.service", lines)).toContain("too many values in the [X-Fleet] section (max 256)");
  });

  test("as many as are allowed, of the worst kind, are judged at once", () => {
    const name = `${"a".repeat(247)}.service`;
    const lines = [
      ...Array.from({ length: 128 }, () => "MachineOf=%N%p%i.service"),
      ...Array.from({ length: 128 }, () => `Conflicts=*${"a".repeat(120)}b*`),
    ];
    expect(problemOf(name, lines.join("\n"))).toBeUndefined();
  });

  test("a unit without options is not this function's business", () => {
    expect(() => validateUnit("web.service", [])).not.toThrow();
  });
});
