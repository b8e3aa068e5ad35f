import type { Script } from "../script/generate.js";
import type { Step } from "../script/step.js";
import { type Outcome, runScript } from "./run-script.js";

/** How many worlds a search may cost. */
const worldsMax = 400;

/** A script that breaks a promise, as short as it could be made. */
export interface Shrunk {
  readonly script: Script;
  readonly outcome: Outcome;
  /** How many worlds it took. */
  readonly worlds: number;
}

/**
 * Leaves out what is not needed to break the same promise: everything that comes after, then halves of what is left, then
 * smaller and smaller parts, then single steps.
 */
export async function shrink(script: Script, outcome: Outcome): Promise<Shrunk> {
  const invariant = outcome.violation?.invariant;
  let best = { script, outcome };
  let worlds = 0;
  const attempt = async (steps: readonly Step[]): Promise<boolean> => {
    if (worlds >= worldsMax) return false;
    worlds += 1;
    const shorter = { ...script, steps };
    const result = await runScript(shorter);
    if (result.violation?.invariant !== invariant) return false;
    best = { script: shorter, outcome: result };
    return true;
  };
  const brokenMs = outcome.violation?.atMs ?? 0;
  await attempt(script.steps.filter(({ atMs }) => atMs <= brokenMs));
  for (let size = Math.ceil(best.script.steps.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let from = 0; from < best.script.steps.length && worlds < worldsMax; ) {
      const { steps } = best.script;
      const isGone = await attempt([...steps.slice(0, from), ...steps.slice(from + size)]);
      if (!isGone) from += size;
    }
  }
  return { ...best, worlds };
}
