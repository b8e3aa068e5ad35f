import { assert } from "../assert.js";
import type { UnitOption } from "../unit/unit-file.js";

/** For what lies between a deadline on one machine and the same deadline seen from another. */
const marginMs = 1_000;

/** How long an exclusive unit may take to stop, unless the configuration says otherwise. */
export const exclusiveStopMaxDefaultMs = 10_000;

/** How long it may take after that until nothing is left of what is then killed: the guard must get its turn on a busy machine. */
export const exclusiveKillMarginMs = 1_000;

/**
 * How long a machine's presence must have been gone before it is certain that no exclusive unit runs there any more: its
 * lease may have been renewed a whole lifetime before it ended, then its units are given some time to stop, and then
 * they are killed (protocol rule P9).
 * @param machineTtlMs - `agent_ttl`.
 * @param stopMaxMs - The longest that all stop phases of an exclusive unit may take: `exclusive_stop_max`.
 */
export function exclusiveFenceMs(machineTtlMs: number, stopMaxMs: number): number {
  return machineTtlMs + stopMaxMs + exclusiveKillMarginMs + marginMs;
}

/**
 * How long systemd may take for each phase of stopping an exclusive unit, in whole ms, so that all of them together take no
 * longer than `stopMaxMs`: each `ExecStop=` is a phase, then the signal, and after it each `ExecStopPost=`, which is
 * followed by a last signal.
 * @param stopMaxMs - `exclusive_stop_max`.
 * @param options - The unit's own.
 */
export function exclusivePhaseMs(stopMaxMs: number, options: readonly UnitOption[]): number {
  const before = commandsOf(options, /^ExecStop(Pre)?$/);
  const after = commandsOf(options, /^ExecStopPost$/);
  const phases = before + 1 + (after === 0 ? 0 : after + 1);
  assert(stopMaxMs > 0, "stopping takes time");
  return Math.max(1, Math.floor(stopMaxMs / phases));
}

/** An empty value takes back what stands above it. */
function commandsOf(options: readonly UnitOption[], name: RegExp): number {
  let commands = 0;
  for (const option of options) {
    if (!name.test(option.name)) continue;
    commands = option.value.trim() === "" ? 0 : commands + 1;
  }
  return commands;
}
