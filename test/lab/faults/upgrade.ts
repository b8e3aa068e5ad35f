// Another version of fleetd on a machine.
import { readFileSync, writeFileSync } from "node:fs";
import { LabError } from "@fleet/lab";
import type { MachineLab } from "../lab.js";
import { machinePlaces } from "../paths.js";

/**
 * Puts another version of fleetd on a machine; what runs is not touched until fleetd is restarted. The program is the
 * same but for the version that it says it is.
 */
export function installVersion(lab: MachineLab, machine: string, version: string): void {
  const file = lab.holder.see(`${machinePlaces(lab.paths, machine).bundle}/fleetd/dist/fleetd.mjs`);
  const before = readFileSync(file, "utf8");
  const after = before.replace(/^(var version\d* = )"\d+\.\d+\.\d+[^"]*";$/m, `$1"${version}";`);
  if (after === before) throw new LabError("failed", "cannot find the version in the bundle of fleetd");
  writeFileSync(file, after);
}
