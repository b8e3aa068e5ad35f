import type { Subject } from "../subject.js";
import { type Check, objection } from "./check.js";

/**
 * After the loss of many machines a machine gets units of theirs only while it has reported on nearly all it has.
 * @param isPaced - Whether the brake is on for the unit.
 * @param unreported - For each machine, by index, how many seats it has that it has not reported on. Read anew each time.
 */
export function makePace(
  isPaced: (subject: Subject) => boolean,
  unreported: Int32Array,
  unreportedMax: number,
): Check {
  return {
    name: "pace",
    passes: (subject, place) => unreported[place.index]! < unreportedMax || !isPaced(subject),
    explain: () => objection("busy starting others"),
  };
}
