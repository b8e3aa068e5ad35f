// What must be so when nothing is wrong any more.
import { LabError, sleep } from "@fleet/lab";
import { whyNotConverged } from "../e2e/convergence.js";
import type { Stage } from "../e2e/stage.js";
import type { RunningUnit } from "../truth.js";
import type { SoakUnit } from "./units.js";

const pauseMs = 200;
const tellEveryMs = 15_000;
/** An exclusive unit writes four times a second; on a busy host it may be kept waiting. */
const beatMs = 5_000;

/** What of the soak's rules does not hold now; `undefined` if all do. */
export function whyNotCalm(
  units: readonly SoakUnit[],
  running: readonly RunningUnit[],
  lastAcceptedMs: ReadonlyMap<string, number>,
  nowMs: number,
): string | undefined {
  const placeOf = new Map(running.map(({ unit, machine }) => [unit, machine]));
  for (const { name, follows, replaces, isExclusive } of units) {
    const place = placeOf.get(name);
    if (follows !== undefined && place !== placeOf.get(follows))
      return `${name} is on ${place}, and ${follows}, which it follows, on ${placeOf.get(follows)}`;
    if (replaces !== undefined && place === placeOf.get(replaces))
      return `${replaces} has not made way for ${name} on ${place}`;
    if (isExclusive && nowMs - (lastAcceptedMs.get(name) ?? -Infinity) > beatMs)
      return `nothing that ${name} wrote was accepted for ${beatMs / 1_000} s`;
  }
  return undefined;
}

/** Waits until everything is as it is wanted. @throws {LabError} `timeout` with what is not. */
export async function untilCalm(
  stage: Stage,
  timeoutMs: number,
  why: (running: readonly RunningUnit[]) => string | undefined,
): Promise<number> {
  const end = stage.nowMs() + timeoutMs;
  let toldMs = stage.nowMs();
  for (;;) {
    stage.signal.throwIfAborted();
    const running = stage.timeline.look();
    const problem = why(running) ?? (await whyNotConverged(stage, running));
    if (problem === undefined) return stage.nowMs();
    if (stage.nowMs() - toldMs > tellEveryMs) {
      toldMs = stage.nowMs();
      stage.say(`not yet: ${problem}`);
    }
    if (stage.nowMs() > end)
      throw new LabError("timeout", `not converged after ${Math.round(timeoutMs / 1_000)} s: ${problem}`);
    await sleep(pauseMs, stage.signal);
  }
}
