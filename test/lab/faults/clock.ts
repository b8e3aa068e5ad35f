// A clock that is wrong. Containers share the host's clock, so fleetd alone is told another time, by libfaketime.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { LabError } from "@fleet/lab";
import type { MachineLab } from "../lab.js";
import { fakeClockPlace } from "../machine-root.js";
import { machinePlaces } from "../paths.js";

/**
 * Steps the wall clock of a machine's fleetd to `offsetSeconds` from the true time; durations stay true. It is seen
 * within a second.
 * @throws {LabError} `invalid` if the lab was not made with `fakeClock`.
 */
export function stepClock(lab: MachineLab, machine: string, offsetSeconds: number): void {
  if (!lab.plan.fakeClock) {
    throw new LabError("invalid", "cannot step the clock of this lab", {
      hint: "Make it with: npm run lab -- up --clock",
    });
  }
  const file = join(lab.holder.see(machinePlaces(lab.paths, machine).root), fakeClockPlace, "offset");
  writeFileSync(file, `${offsetSeconds < 0 ? "" : "+"}${offsetSeconds}\n`);
}
