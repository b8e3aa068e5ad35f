import type { UnitStatusV2, UnitsSnapshot } from "@fleet/client";
import { completeUnitName } from "@fleet/core";
import type { CommandContext } from "../command.js";
import { tellError } from "../output/error-text.js";
import { formatUnitAddress } from "../patterns/unit-address.js";
import { UsageError } from "../usage-error.js";
import { type ExpandedArgument, expandArguments } from "./expand-arguments.js";
import { findInstance } from "./find-instance.js";
import { tellOrphans } from "./tell-orphans.js";
import { hintUnknown, tellUnknown } from "./tell-similar.js";

/** Says whether a unit that a pattern matches is meant. */
export type MeantUnits = (unit: UnitStatusV2) => boolean;

/** A unit of the cluster. */
export interface FoundUnit extends UnitStatusV2 {
  /** Of a global unit that is meant on one machine: the machine's id. */
  readonly instance: string | undefined;
  readonly snapshot: UnitsSnapshot;
}

/**
 * Finds the units that a command is about in the cluster. Names that are not there are told on stderr.
 * @param step - The caller's prefix for errors.
 * @param isMeant - Which of the units that patterns match are meant; default: all. Units that were named always are.
 * @returns the units in the order of the arguments, none twice; `undefined` if there are none, or one that was named is not
 *   on the machine it was named with, which has been told.
 * @throws {UsageError} without any argument; {FleetError} for a pattern that nothing matches.
 */
export async function findUnits(
  context: CommandContext,
  command: string,
  positionals: readonly string[],
  step: string,
  isMeant: MeantUnits = () => true,
): Promise<readonly FoundUnit[] | undefined> {
  if (positionals.length === 0) {
    throw new UsageError("No units given", { hint: `Usage: fleetctl ${command} UNIT...` });
  }
  const words = await expandArguments(context, { command, positionals, step });
  if (words === undefined) return undefined;
  const names = [...new Set(words.map(({ argument }) => completeUnitName(argument)))];
  let snapshot: UnitsSnapshot;
  try {
    snapshot = await context.client.look(names, context.signal);
  } catch (error) {
    context.signal.throwIfAborted();
    tellError(context, step, error);
    return undefined;
  }
  const missing = names.filter((name) => !snapshot.units.has(name));
  if (missing.length === names.length) {
    context.stderr.write("Units not found in registry\n");
    await hintUnknown(context, missing);
    await tellOrphans(context, missing);
    return undefined;
  }
  await tellUnknown(context, missing, (name) => `Unit ${name} not found in registry`);
  await tellOrphans(context, missing);
  return findMeant(context, { command, words, snapshot, isMeant });
}

interface Finding {
  readonly command: string;
  readonly words: readonly ExpandedArgument[];
  readonly snapshot: UnitsSnapshot;
  readonly isMeant: MeantUnits;
}

function findMeant(
  { stderr }: CommandContext,
  { command, isMeant, snapshot, words }: Finding,
): readonly FoundUnit[] | undefined {
  const step = `Error ${command === "stop" ? "stopp" : command}ing units`;
  const meant = new Map<string, FoundUnit>();
  const problems: string[] = [];
  let isGood = true;
  for (const { argument, isMatch, machine } of words) {
    const unit = snapshot.units.get(completeUnitName(argument));
    if (unit === undefined || (isMatch && !isMeant(unit))) continue;
    const where = machine === undefined ? undefined : findInstance(unit, machine, snapshot);
    if (where?.kind === "none") {
      // Of what a pattern matches, units that are elsewhere are not meant.
      problems.push(`${step}: ${where.problem}\nHint: ${where.hint}\n`);
      isGood &&= isMatch;
      continue;
    }
    const instance = where?.kind === "instance" ? where.machineId : undefined;
    const key = `${unit.name} ${instance ?? ""}`;
    if (!meant.has(key)) meant.set(key, { ...unit, instance, snapshot });
  }
  if (isGood && (meant.size > 0 || problems.length === 0)) return [...meant.values()];
  for (const problem of problems) stderr.write(problem);
  return undefined;
}

/**
 * Refuses global units that are meant on one machine, for commands that take a unit away from where it belongs.
 * @returns whether there are any, which has been told.
 */
export function refuseInstances(
  { stderr }: CommandContext,
  command: string,
  units: readonly Pick<FoundUnit, "instance" | "name">[],
): boolean {
  const refused = units.filter(({ instance }) => instance !== undefined);
  for (const { instance = "", name } of refused) {
    const address = formatUnitAddress(name, instance);
    stderr.write(
      `Unable to ${command} unit ${name} on one machine: it is global, and belongs on every machine that fits\n`,
    );
    stderr.write(
      `Hint: fleetctl stop ${address} stops it there; what it asks of machines (MachineMetadata) keeps it away\n`,
    );
  }
  return refused.length > 0;
}
