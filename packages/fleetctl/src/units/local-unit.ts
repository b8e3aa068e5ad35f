import { FleetError, type UnitContent, UnitFileError, unitContentFromText, unitTypes } from "@fleet/core";
import type { CommandContext } from "../command.js";
import { fileErrorText } from "../output/file-error-text.js";
import { decodeUnitText } from "./decode-unit-text.js";

/** A unit file on this machine. */
export type LocalUnit =
  | { readonly kind: "found"; readonly path: string; readonly content: UnitContent }
  | { readonly kind: "absent"; readonly path: string }
  /** It is there, but cannot be read or understood. */
  | { readonly kind: "bad"; readonly path: string; readonly error: FleetError };

/**
 * The file that an argument means: the argument itself, with `.service` added unless it ends in a unit type.
 */
export function unitFilePath(argument: string): string {
  const path = argument.replace(/(?<=[^/])\/+$/, "");
  return unitTypes.some((type) => path.endsWith(`.${type}`)) ? path : `${path}.service`;
}

/** The file of the template, in the same directory as the argument's. */
export function templateFilePath(argument: string, template: string): string {
  const path = unitFilePath(argument);
  return path.slice(0, path.lastIndexOf("/") + 1) + template;
}

/** Reads a unit file of this machine. */
export async function readLocalUnit(context: CommandContext, path: string): Promise<LocalUnit> {
  let bytes: Uint8Array;
  try {
    bytes = await context.readFile(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return { kind: "absent", path };
    const problem = new FleetError("invalid-argument", fileErrorText(path, error), { cause: error });
    return { kind: "bad", path, error: problem };
  }
  try {
    return { kind: "found", path, content: unitContentFromText(decodeUnitText(bytes)) };
  } catch (error) {
    if (!(error instanceof UnitFileError)) throw error;
    const { line, column, expected } = error;
    const hint = `${path}:${line}:${column}: expected ${expected}`;
    return { kind: "bad", path, error: new FleetError("invalid-argument", error.message, { hint }) };
  }
}
