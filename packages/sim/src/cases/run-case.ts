import { defaultConfig } from "../config.js";
import { type Outcome, runScript } from "../run/run-script.js";
import type { Script } from "../script/generate.js";
import type { Case } from "./case.js";

/** The script of a case. */
export function scriptOf({ name, config, steps }: Case): Script {
  return { seed: name, config: { ...defaultConfig, minutes: 2, ...config }, steps };
}

/** Plays a case under all checkers, and asks in the end whether it came out as it must. */
export function runCase(one: Case, keepsLines = false): Promise<Outcome> {
  return runScript(scriptOf(one), keepsLines, one.finally);
}
