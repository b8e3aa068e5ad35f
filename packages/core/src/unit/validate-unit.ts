import { FleetError } from "../errors.js";
import { combinationProblem } from "./combination-problem.js";
import { requirementCountProblem } from "./requirement-count.js";
import { strictProblem } from "./strict-problem.js";
import type { UnitOption } from "./unit-file.js";
import { loadedNameProblem, unitNameProblem } from "./unit-name.js";

/**
 * Decides whether a unit may be submitted, new or changed, as file or as options: the one place for all of them.
 * @throws {FleetError} `invalid-argument` with the first of: a bad name, one that systemd does not load, too many
 *   requirements, a forbidden combination, a refusal of our own. Names and combinations are refused in the original's words.
 */
export function validateUnit(name: string, options: readonly UnitOption[]): void {
  const problem =
    unitNameProblem(name) ??
    loadedNameProblem(name) ??
    requirementCountProblem(options) ??
    combinationProblem(options) ??
    strictProblem(name, options);
  if (problem !== undefined) throw new FleetError("invalid-argument", problem);
}
