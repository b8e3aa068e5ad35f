import { completeOptions } from "@fleet/client";
import {
  completeUnitName,
  isInstance,
  splitUnitName,
  type UnitContent,
  unitContentFromOptions,
  unitContentFromText,
} from "@fleet/core";
import type { CommandContext } from "../command.js";
import type { ExpandedArgument } from "./expand-arguments.js";
import { type LocalUnit, readLocalUnit, templateFilePath, unitFilePath } from "./local-unit.js";

/** What an argument of submit, load or start means. */
export interface UnitArgument {
  /** As it was typed. */
  readonly argument: string;
  readonly name: string;
  /** The name of the template, for instances. */
  readonly template: string | undefined;
  /** Whether a pattern has matched it. */
  readonly isMatch: boolean;
  /** The beginning of a machine's id, if the unit is meant there alone. */
  readonly machine: string | undefined;
}

/** Reads the arguments; of arguments that mean the same unit the first one counts. */
export function parseUnitArguments(words: readonly ExpandedArgument[]): readonly UnitArgument[] {
  const units = new Map<string, UnitArgument>();
  for (const { argument, isMatch, machine } of words) {
    const name = completeUnitName(argument);
    const template = isInstance(name) ? splitUnitName(name)?.template : undefined;
    const key = `${name} ${machine ?? ""}`;
    if (!units.has(key)) units.set(key, { argument, name, template, isMatch, machine });
  }
  return [...units.values()];
}

/** The files that a unit may come from; a template's counts for instances only. */
export interface LocalFiles {
  readonly own: LocalUnit;
  readonly template: LocalUnit | undefined;
}

/** Looks for a unit's own file and for its template's. */
export async function readLocalFiles(context: CommandContext, unit: UnitArgument): Promise<LocalFiles> {
  const own = await readLocalUnit(context, unitFilePath(unit.argument));
  if (unit.template === undefined || own.kind === "found") return { own, template: undefined };
  const path = templateFilePath(unit.argument, unit.template);
  return { own, template: await readLocalUnit(context, path) };
}

/** Reads a unit's content from the cluster. @returns `undefined` if there is no such unit. */
export async function readClusterContent(
  { client, signal }: CommandContext,
  name: string,
): Promise<UnitContent | undefined> {
  const unit = await client.getUnitV2(name, signal);
  if (unit !== "unsupported") return unit === undefined ? undefined : unitContentFromText(unit.text ?? "");
  const unitV1 = await client.getUnit(name, signal);
  return unitV1 === undefined ? undefined : unitContentFromOptions(completeOptions(unitV1.options));
}
