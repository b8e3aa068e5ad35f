import { FleetError } from "../errors.js";
import { quote } from "./quote.js";
import { utf8Length } from "./utf8.js";

declare const brand: unique symbol;

/** The name of a unit, template or instance that keeps all the rules. Only {@link parseUnitName} makes one. */
export type UnitName = string & { readonly [brand]: "UnitName" };

/** Every type a unit may have. The same list serves all layers, so that what can be submitted can be found again. */
export const unitTypes: readonly string[] = [
  "automount",
  "busname",
  "device",
  "mount",
  "path",
  "scope",
  "service",
  "slice",
  "snapshot",
  "socket",
  "swap",
  "target",
  "timer",
];

/** The types whose names may contain `@`. */
export const templateUnitTypes: readonly string[] = ["path", "service", "socket", "target", "timer"];

/** The longest name in bytes, type included, in the original. */
export const unitNameBytesMax = 256;
/** The longest name in bytes, type included, that systemd loads. */
const loadedNameBytesMax = 255;

/**
 * Says what is wrong with a unit name, in the original's words and in its order of checks.
 * @returns The first problem, or `undefined` for a good name.
 */
export function unitNameProblem(text: string): string | undefined {
  if (text === "") return "unit name cannot be empty";
  if (utf8Length(text) > unitNameBytesMax) return `unit name exceeds maximum length (${unitNameBytesMax})`;
  const dot = text.lastIndexOf(".");
  if (dot < 0) return 'unit name must contain "."';
  if (dot === text.length - 1) return 'unit name cannot end in "."';
  const type = text.slice(dot + 1);
  if (!unitTypes.includes(type)) return `invalid unit type: ${quote(type)}`;
  if (text.includes("@") && !templateUnitTypes.includes(type)) {
    return `invalid unit type for template: ${quote(type)}`;
  }
  const stranger = /[^0-9A-Za-z:_.\\@-]/u.exec(text.slice(0, dot))?.[0];
  if (stranger !== undefined) return `invalid character ${quote(stranger, "'")} in unit name`;
  if (text.startsWith("@")) return 'unit name cannot start in "@"';
  return undefined;
}

/**
 * Says why systemd would never load a unit of this name, though the original takes it. Asked of units that are to be
 * stored; those that are there already can be read, changed and destroyed.
 * @param text - A name that {@link unitNameProblem} has nothing against.
 */
export function loadedNameProblem(text: string): string | undefined {
  if (utf8Length(text) > loadedNameBytesMax) {
    return `unit name exceeds maximum length (${loadedNameBytesMax}), beyond which systemd loads no unit`;
  }
  if (text.lastIndexOf(".") > 0) return undefined;
  return `unit name ${quote(text)} has nothing before its type: systemd loads no such unit`;
}

/**
 * Takes a unit name in from outside.
 * @throws {FleetError} `invalid-argument` with the text of {@link unitNameProblem}.
 */
export function parseUnitName(text: string): UnitName {
  const problem = unitNameProblem(text);
  if (problem !== undefined) throw new FleetError("invalid-argument", problem);
  return text as UnitName;
}

/** A unit name taken apart. */
export interface UnitNameParts {
  /** All of it: `web@eu@1.service`. */
  readonly fullName: string;
  /** Before the last dot: `web@eu@1`. */
  readonly name: string;
  /** Before the first `@`, or all of `name`: `web`. */
  readonly prefix: string;
  /** From the last dot on: `.service`. */
  readonly suffix: string;
  /** After the first `@`: `eu@1`. Empty for templates and for plain units. */
  readonly instance: string;
  /** The template's name, `web@.service`. Absent if there is no `@`. */
  readonly template?: string;
}

/**
 * Takes a name apart: at its last dot, then at the first `@` before it.
 * @returns `undefined` only for a text without a dot, which is no unit name.
 */
export function splitUnitName(name: UnitName): UnitNameParts;
export function splitUnitName(name: string): UnitNameParts | undefined;
export function splitUnitName(fullName: string): UnitNameParts | undefined {
  const dot = fullName.lastIndexOf(".");
  if (dot < 0) return undefined;
  const name = fullName.slice(0, dot);
  const suffix = fullName.slice(dot);
  const at = name.indexOf("@");
  if (at < 0) return { fullName, name, prefix: name, suffix, instance: "" };
  const prefix = name.slice(0, at);
  return { fullName, name, prefix, suffix, instance: name.slice(at + 1), template: `${prefix}@${suffix}` };
}

/** Says whether the name is a template's: `web@.service`. Templates are stored but never run. */
export function isTemplate(name: string): boolean {
  const parts = splitUnitName(name);
  return parts?.template !== undefined && parts.instance === "";
}

/** Says whether the name is an instance's: `web@1.service`. */
export function isInstance(name: string): boolean {
  const parts = splitUnitName(name);
  return parts !== undefined && parts.instance !== "";
}

/**
 * Names the template that an instance comes from.
 * @returns `undefined` for a plain unit; a template's own name for a template.
 */
export function templateOf(name: UnitName): UnitName | undefined {
  // A valid name's template keeps all the rules: same type, same prefix, not longer.
  return splitUnitName(name).template as UnitName | undefined;
}

/**
 * Turns what a person types into a unit name: the last path component, with `.service` added unless it ends in a unit
 * type. The original knew seven types here and turned `db.target` into `db.target.service`; this knows all of them.
 * @returns Not necessarily a valid name: pass it on to {@link parseUnitName}. Empty if nothing but slashes was typed.
 */
export function completeUnitName(argument: string): string {
  const base = argument.split("/").findLast((component) => component !== "");
  if (base === undefined) return "";
  const dot = base.lastIndexOf(".");
  return dot >= 0 && unitTypes.includes(base.slice(dot + 1)) ? base : `${base}.service`;
}

/** Orders names by their bytes, which for valid names is the order of their characters. For `sort`. */
export function compareUnitNames(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
