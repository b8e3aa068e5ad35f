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
    ["nothing for a good unit", "web.service", "Global=true", undefined],
    ["nothing for an unknown key", "web.service", "Conflict=x", undefined],
  ])("%s", (_case, name, lines, problem) => {
    expect(problemOf(name, lines)).toBe(problem);
  });

  test("a unit without options is not this function's business", () => {
    expect(() => validateUnit("web.service", [])).not.toThrow();
  });
});
