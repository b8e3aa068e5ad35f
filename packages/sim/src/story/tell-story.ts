import type { LogLine } from "../event-log.js";
import { type Outcome, runScript } from "../run/run-script.js";
import type { Script } from "../script/generate.js";

/** Lines that say nothing to who looks for a mistake in fleet, unless everything is asked for. */
const noise = [/^debug: /, /engine candidates/, /^info: replica/, /^info: tasks? begun/];

/** Tells what happens in a world, moment by moment, for people. */
export async function tellStory(script: Script, everything = false): Promise<readonly string[]> {
  const outcome = await runScript(script, true);
  return [...headline(script, outcome), ...lines(outcome.lines, everything)];
}

function headline({ seed, config, steps }: Script, { violation }: Outcome): readonly string[] {
  const world = `seed ${seed}: ${config.machines} machines, ${config.units} units, ${steps.length} deeds`;
  if (violation === undefined) return [`${world}: no promise was broken`];
  return [
    `${world}: ${violation.invariant} broken after ${seconds(violation.atMs)} s`,
    `  ${violation.what}`,
  ];
}

function lines(all: readonly LogLine[], everything: boolean): readonly string[] {
  return all
    .filter(({ what }) => everything || !noise.some((pattern) => pattern.test(what)))
    .map(({ atMs, who, what }) => `${seconds(atMs).padStart(9)}  ${who.padEnd(8)} ${what}`);
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}
