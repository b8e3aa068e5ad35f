/** For what lies between a deadline on one machine and the same deadline seen from another. */
const marginMs = 1_000;

/** How long an exclusive unit may take to stop, unless the configuration says otherwise. */
export const exclusiveStopMaxDefaultMs = 10_000;

/**
 * How long a machine's presence must have been gone before it is certain that no exclusive unit runs there any more: its
 * lease may have been renewed a whole lifetime before it ended, and then its units are given some time to stop
 * (protocol rule P9).
 * @param machineTtlMs - `agent_ttl`.
 * @param stopMaxMs - The longest that all stop phases of an exclusive unit may take: `exclusive_stop_max`.
 */
export function exclusiveFenceMs(machineTtlMs: number, stopMaxMs: number): number {
  return machineTtlMs + stopMaxMs + marginMs;
}
