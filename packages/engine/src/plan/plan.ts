import { compareUnitNames } from "@fleet/core";
import { dismissUnwanted } from "./dismiss.js";
import { emitTasks } from "./emit.js";
import { withholdStarts } from "./exclusive.js";
import { keepGlobalSeats } from "./keep-global.js";
import { keepPlainSeats } from "./keep-plain.js";
import { tiePeers } from "./peers.js";
import { placeGlobals } from "./place-global.js";
import { placePlainUnits } from "./place-plain.js";
import { beginPlanning, type Planning } from "./planning.js";
import type { Refusal } from "./refusal.js";
import { admitStrays, adoptStrays, dropSurplusStrays, remarkOnStrays } from "./strays.js";
import type { EngineTask } from "./task.js";
import type { PlanOptions, PlanView } from "./view.js";
import { surveyWorld, type Unwilling } from "./world.js";

/** What is to be done, and why the rest is not. */
export interface Plan {
  /** By stage, unit and machine. */
  readonly tasks: readonly EngineTask[];
  /** By unit and machine. */
  readonly refusals: readonly Refusal[];
  /** What machines say now that they will not take. Whoever plans repeatedly remembers it for a while. */
  readonly unwilling: readonly Unwilling[];
}

/**
 * Decides where units go. The same cluster gives the same plan, whatever the order of its maps; carrying a plan out and
 * planning again gives nothing to do. Whoever asks "what would happen if" calls this on a changed view.
 *
 * Precedence: seats that break no rule stay, older first; then units that run somewhere without a seat are adopted; then
 * global units by name; then the others by name. It does not promise the best use of machines: nothing is moved to make
 * room, and nothing is moved to balance load.
 */
export function plan(view: PlanView, options: PlanOptions): Plan {
  const p = decide(view, options);
  return { tasks: emitTasks(p), refusals: refusalsOf(p), unwilling: p.world.unwilling };
}

/** Why what is wanted does not happen, by unit and machine. */
export function refusalsOf(p: Planning): readonly Refusal[] {
  return [...p.refusals.values(), ...p.remarks].sort(compareRefusals);
}

/**
 * Everything a plan decides, before it is put into tasks: who is to be where, and who is refused, why. `explain` and
 * what-if read the same decisions that the leader writes.
 * @param spare - Whether machines are to join later.
 */
export function decide(view: PlanView, options: PlanOptions, spare = false): Planning {
  return decideAll(beginPlanning(surveyWorld(view, options, spare)));
}

/** Decides about every unit of the world, in the order of precedence. Who else is in the draft stays where it is. */
export function decideAll(p: Planning): Planning {
  const followers = tiePeers(p.world.subjects);
  dismissUnwanted(p);
  keepPlainSeats(p, followers);
  keepGlobalSeats(p);
  admitStrays(p);
  dropSurplusStrays(p);
  adoptStrays(p);
  placeGlobals(p);
  placePlainUnits(p);
  withholdStarts(p);
  remarkOnStrays(p);
  return p;
}

/** The order of refusals. */
export function compareRefusals(a: Refusal, b: Refusal): number {
  return compareUnitNames(a.unit, b.unit) || compareUnitNames(a.machine ?? "", b.machine ?? "");
}
