// podman describes containers in files of its own, Quadlet, and makes units of them. Such a unit is one for fleet too.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { LabError } from "@fleet/lab";
import type { Stage } from "../e2e/stage.js";
import type { Steps } from "./steps.js";

/** The unit in what `quadlet -dryrun` prints, without the path of the file it was made from, which other machines lack. */
export function unitIn(printed: string): string {
  const lines = printed.split("\n");
  const from = lines.findIndex((line) => /^---.*\.service---$/.test(line));
  return lines
    .slice(from + 1)
    .filter((line) => !line.startsWith("SourcePath="))
    .join("\n");
}

/** Makes a unit of a Quadlet file on one of the machines, which have podman. */
async function convert(stage: Stage, file: string): Promise<string> {
  const [machine = ""] = stage.machines;
  const directory = "/run/quadlet-of-lab";
  const place = await stage.lab.machines.see(machine, directory);
  mkdirSync(place, { recursive: true });
  writeFileSync(join(place, basename(file)), readFileSync(file));
  const command = ["env", `QUADLET_UNIT_DIRS=${directory}`, "/usr/libexec/podman/quadlet", "-dryrun"];
  const made = await stage.lab.machines.exec(machine, command);
  if (made.code === 0) return unitIn(made.stdout);
  throw new LabError("failed", `quadlet -dryrun: ${made.stderr.trim()}`);
}

/** Starts what a Quadlet file describes on every machine, and stops it. */
export async function playQuadlet(steps: Steps, stage: Stage, file: string): Promise<void> {
  const unit = basename(file).replace(/\.container$/, ".service");
  const text = await convert(stage, file);
  const made = join(stage.lab.paths.directory, unit);
  writeFileSync(made, text);
  stage.want([{ name: unit, text, isGlobal: true }]);
  stage.ask(unit);
  await steps.type("start", made);
  await stage.settle();
  await steps.untilAnswered(stage.machines);
  await steps.look(`${unit}, made from ${basename(file)}, was started`, stage.machines);
  await steps.listUnits(unit, stage.machines);
  await steps.stop(unit);
}
