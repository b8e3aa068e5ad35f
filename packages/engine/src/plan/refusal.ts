import type { MachineId, UnitName } from "@fleet/core";

/** The checks a machine must pass, by name, in the order they are asked. */
export type CheckName =
  | "machine-id"
  | "takes-units"
  | "machine-metadata"
  | "vacancy"
  | "willingness"
  | "machine-of"
  | "conflicts"
  | "resources"
  | "pace"
  | "hand-over";

/** How many machines failed a check for the same reason; each machine counts for the first check it fails. */
export interface FailedCheck {
  readonly check: CheckName;
  readonly machines: number;
  /** What is wrong with them, agreeing with the number: `lacks zone=eu`, `lack zone=eu`. */
  readonly what: string;
}

/** Why something that is wanted does not happen. */
export interface Refusal {
  readonly unit: UnitName;
  /** Where the unit stays or was found, if it is somewhere. */
  readonly machine?: MachineId;
  /** A sentence for people, naming every check that failed. */
  readonly reason: string;
  /** Most machines first. */
  readonly failed: readonly FailedCheck[];
  /** Of an exclusive unit: the machine that has been away for too short a time to be sure that it does not run there. */
  readonly fencing?: MachineId;
  /** Of a hand-over that does not go on: the machine where the new copy does not run. */
  readonly heir?: MachineId;
  /** The units that wait for each other in a ring, if that is what is wrong; the first of many. */
  readonly cycle?: readonly UnitName[];
}

/** How many different reasons a sentence names; with more nobody reads it. */
const namedReasonsMax = 5;

/**
 * Sums up why none of the machines will do: `no machine: 2 lack zone=eu, 1 conflicts with db.service (pattern db*)`.
 * @param contradiction - That no machine at all can meet what the unit demands, if that is so.
 */
export function refusalText(failed: readonly FailedCheck[], contradiction?: string): string {
  // What the machines are like does not matter then.
  if (contradiction !== undefined) return contradiction;
  return failed.length === 0 ? "no machine" : `no machine: ${failedText(failed)}`;
}

/** Lists failed checks by the number of machines. */
export function failedText(failed: readonly FailedCheck[]): string {
  const named = failed.slice(0, namedReasonsMax).map(({ machines, what }) => `${machines} ${what}`);
  const rest = failed.slice(namedReasonsMax).reduce((sum, { machines }) => sum + machines, 0);
  if (rest > 0) named.push(`${rest} for other reasons`);
  return named.join(", ");
}
