// Another version of fleetd on a machine.
import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { LabError } from "@fleet/lab";
import type { MachineLab } from "../lab.js";
import { machinePlaces } from "../paths.js";

const programs = ["fleetd.mjs", "fleet-guard.mjs"];

function bundleOf(lab: MachineLab, machine: string): string {
  return lab.holder.see(`${machinePlaces(lab.paths, machine).bundle}/fleetd/dist`);
}

/**
 * Puts another version of fleetd on a machine; what runs is not touched until fleetd is restarted.
 * @param checkout - Whose bundles it is; absent: those of the lab, the same but for the version that they say they are.
 */
export function installVersion(lab: MachineLab, machine: string, version: string, checkout?: string): void {
  const bundle = bundleOf(lab, machine);
  const source =
    checkout === undefined ? `${lab.paths.bundle}/fleetd/dist` : `${checkout}/packages/fleetd/dist`;
  for (const program of programs) {
    // A version may have fewer programs than another.
    if (existsSync(`${source}/${program}`)) copyFileSync(`${source}/${program}`, `${bundle}/${program}`);
    else rmSync(`${bundle}/${program}`, { force: true });
  }
  const file = `${bundle}/fleetd.mjs`;
  const before = readFileSync(file, "utf8");
  const pattern = /^(var version\d* = )"\d+\.\d+\.\d+[^"]*";$/m;
  if (!pattern.test(before)) throw new LabError("failed", "cannot find the version in the bundle of fleetd");
  writeFileSync(file, before.replace(pattern, `$1"${version}";`));
}
