import type { UnitStatusV2, UnitsSnapshot } from "@fleet/client";
import { FleetError, isFleetError, type UnitContent, unitWarnings, validateUnit } from "@fleet/core";
import type { CommandContext } from "../command.js";
import { findInstance } from "./find-instance.js";
import { unitFilePath } from "./local-unit.js";
import { findSimilar } from "./tell-similar.js";
import { type LocalFiles, readClusterContent, readLocalFiles, type UnitArgument } from "./unit-source.js";

/** The commands that bring units into the cluster. */
export type CreatingCommand = "submit" | "load" | "start" | "restart";

/** What is to be done about one unit before the command's own work, decided before anything is written. */
export interface UnitPlan {
  readonly name: string;
  /** What is wanted of it at present; `undefined` if it is not in the cluster. */
  readonly desiredState: string | undefined;
  /** The content to write; `undefined` to leave the unit as it is. */
  readonly content: UnitContent | undefined;
  readonly isReplacement: boolean;
  /** For stdout. */
  readonly remarks: readonly string[];
  /** For stderr. */
  readonly warnings: readonly string[];
  /** Of a global unit that is meant on one machine: the machine's id. */
  readonly instance?: string;
}

/** The desired states in which each command may replace a unit; a stronger state needs a stronger command. */
const replaceable: Readonly<Record<CreatingCommand, readonly string[]>> = {
  submit: ["inactive"],
  load: ["inactive", "loaded"],
  start: ["inactive", "loaded", "launched"],
  // It has no --replace: what is restarted is what the cluster has.
  restart: [],
};

/**
 * Decides about one unit: where it comes from, whether it may replace what is there, whether it is valid.
 * @param inCluster - The unit as the cluster has it.
 * @throws {FleetError} with the original's text after `Error creating units: `.
 */
export async function planUnit(
  context: CommandContext,
  command: CreatingCommand,
  unit: UnitArgument,
  inCluster: UnitStatusV2 | undefined,
  replace: boolean,
): Promise<UnitPlan> {
  const files = await readLocalFiles(context, unit);
  if (inCluster === undefined) return planCreation(context, unit, files);
  return replace ? planReplacement(command, unit, inCluster, files) : planNothing(unit, inCluster, files);
}

async function planCreation(
  context: CommandContext,
  unit: UnitArgument,
  files: LocalFiles,
): Promise<UnitPlan> {
  const { content, path, warnings } = await findContent(context, unit, files);
  return {
    name: unit.name,
    desiredState: undefined,
    content: approve(unit.name, content, path),
    isReplacement: false,
    remarks: [],
    warnings: [...warnings, ...contentWarnings(unit.name, content)],
  };
}

interface FoundContent {
  readonly content: UnitContent;
  /** Of the file; `undefined` for a template of the cluster. */
  readonly path: string | undefined;
  readonly warnings: readonly string[];
}

async function findContent(
  context: CommandContext,
  unit: UnitArgument,
  { own, template }: LocalFiles,
): Promise<FoundContent> {
  if (own.kind === "found") return { ...own, warnings: [] };
  if (own.kind === "bad") throw badFile(unit, "file", own.error);
  if (unit.template === undefined) {
    throw new FleetError("not-found", `unable to find Unit(${unit.name}) in Registry or on filesystem`, {
      hint: `there is no file ${own.path}, and the cluster has no such unit${await question(context, unit.name)}`,
    });
  }
  const inCluster = await readClusterContent(context, unit.template);
  if (inCluster !== undefined) {
    const differs = template?.kind === "found" && template.content.hash !== inCluster.hash;
    const warnings = differs ? [differsFromTemplate(unit.template, template.path)] : [];
    return { content: inCluster, path: undefined, warnings };
  }
  if (template?.kind === "bad") throw badFile(unit, "template", template.error);
  if (template?.kind === "found") return { ...template, warnings: [] };
  throw new FleetError(
    "not-found",
    `failed getting Unit(${unitFilePath(unit.argument)}) from template: unable to find template Unit(${unit.template}) in Registry or on filesystem`,
    { hint: `there is neither a file ${own.path} nor a template for it` },
  );
}

async function question(context: CommandContext, name: string): Promise<string> {
  const meant = (await findSimilar(context, [name])).get(name);
  return meant === undefined ? "" : `; did you mean ${meant}?`;
}

function badFile(unit: UnitArgument, source: "file" | "template", error: FleetError): FleetError {
  const message = `failed getting Unit(${unitFilePath(unit.argument)}) from ${source}: ${error.message}`;
  return new FleetError(error.code, message, error.hint === undefined ? {} : { hint: error.hint });
}

/** A unit that is there stays as it is; a file that says something else is worth a word. */
function planNothing(unit: UnitArgument, inCluster: UnitStatusV2, { own, template }: LocalFiles): UnitPlan {
  const warnings =
    own.kind === "found" && own.content.hash !== inCluster.hash
      ? [
          `WARNING: Unit ${unit.name} in registry differs from local unit file ${own.path}. Add --replace to override.`,
        ]
      : template?.kind === "found" && template.content.hash !== inCluster.hash
        ? [differsFromTemplate(unit.name, template.path)]
        : [];
  return { ...unchanged(unit, inCluster), warnings };
}

function planReplacement(
  command: CreatingCommand,
  unit: UnitArgument,
  inCluster: UnitStatusV2,
  { own, template }: LocalFiles,
): UnitPlan {
  if (own.kind === "bad") throw badFile(unit, "file", own.error);
  const local = own.kind === "found" ? own : template;
  if (local === undefined) {
    throw new FleetError("not-found", `error Unit ${unit.name} does not seem to be a template unit`, {
      hint: `there is no file ${own.path} to replace it with`,
    });
  }
  if (local.kind === "bad") throw badFile(unit, "template", local.error);
  if (local.kind === "absent") {
    throw new FleetError("not-found", `stat ${local.path}: no such file or directory`);
  }
  if (local.content.hash === inCluster.hash) {
    const remark = `Found same Unit(${unit.name}) in Registry, nothing to do`;
    return { ...unchanged(unit, inCluster), remarks: [remark] };
  }
  const state = inCluster.desiredState ?? "";
  if (!replaceable[command].includes(state)) {
    const warning = `Warning: can not replace Unit(${unit.name}) in state '${state}', use the appropriate command`;
    return { ...unchanged(unit, inCluster), warnings: [warning] };
  }
  return {
    ...unchanged(unit, inCluster),
    content: approve(unit.name, local.content, local.path),
    isReplacement: true,
    warnings: contentWarnings(unit.name, local.content),
  };
}

/**
 * Decides about a unit that is meant on one machine: it stays as it is.
 * @returns `undefined` for one that only a pattern has named, and that is elsewhere.
 * @throws {FleetError} if it is not there.
 */
export function planOnMachine(
  unit: UnitArgument,
  machine: string,
  inCluster: UnitStatusV2 | undefined,
  snapshot: UnitsSnapshot,
): UnitPlan | undefined {
  if (inCluster === undefined) {
    throw new FleetError("not-found", `unit ${unit.name} is not in the cluster, so it is on no machine`, {
      hint: `without "@@${machine}" it is looked for in files, too`,
    });
  }
  const found = findInstance(inCluster, machine, snapshot);
  if (found.kind === "none") {
    if (unit.isMatch) return undefined;
    throw new FleetError("not-found", found.problem, { hint: found.hint });
  }
  const plan = unchanged(unit, inCluster);
  return found.kind === "instance" ? { ...plan, instance: found.machineId } : plan;
}

function unchanged(unit: UnitArgument, inCluster: UnitStatusV2): UnitPlan {
  return {
    name: unit.name,
    desiredState: inCluster.desiredState,
    content: undefined,
    isReplacement: false,
    remarks: [],
    warnings: [],
  };
}

/**
 * Holds content against the rules of the API, so that nothing is written if anything is wrong.
 * @param path - The file that it comes from; `undefined` for a template of the cluster.
 */
function approve(name: string, content: UnitContent, path: string | undefined): UnitContent {
  // A path that is the name itself would only say the name twice.
  const source = path === undefined || path === name ? "" : `, read from ${path}`;
  try {
    validateUnit(name, content.options);
  } catch (error) {
    if (!isFleetError(error)) throw error;
    throw new FleetError(error.code, error.message, { hint: `${error.hint ?? `in unit ${name}`}${source}` });
  }
  if (content.options.length === 0) {
    throw new FleetError(
      "invalid-argument",
      `failed creating unit ${name}: unit does not exist and options field empty`,
      { hint: `a unit file needs at least one option in a section${source}` },
    );
  }
  return content;
}

function contentWarnings(name: string, content: UnitContent): readonly string[] {
  return unitWarnings(name, content.options).map((warning) => `WARNING: Unit ${name}: ${warning}`);
}

function differsFromTemplate(name: string, path: string): string {
  return `WARNING: Unit ${name} in registry differs from local template unit file ${path}. Add --replace to override.`;
}
