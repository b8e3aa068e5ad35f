import { quote } from "./quote.js";
import { parseUnitFile, serializeUnitFile, UnitFileError, type UnitOption } from "./unit-file.js";
import { trimWhiteSpace } from "./white-space.js";

/**
 * Says why options would not come out of a file as they went in. The original stores such options and reads back
 * others, which lets sections be smuggled past every check.
 * @returns The first problem, naming the option and what to write instead; or `undefined`.
 */
export function optionTextProblem(options: readonly UnitOption[]): string | undefined {
  for (const option of options) {
    const problem = sectionProblem(option.section) ?? nameProblem(option) ?? valueProblem(option);
    if (problem !== undefined) return problem;
  }
  return roundTripProblem(options);
}

function sectionProblem(section: string): string | undefined {
  const shown = `section name ${quote(section)}`;
  const control = controlCharacterIn(section);
  if (control !== undefined) return `${shown} contains ${control}: write it on one line, without it`;
  if (section.includes("]")) return `${shown} contains "]", which ends it too early: leave it out`;
  return undefined;
}

function nameProblem({ section, name }: UnitOption): string | undefined {
  const shown = `option name ${quote(name)} in section ${quote(section)}`;
  const control = controlCharacterIn(name);
  if (control !== undefined) return `${shown} contains ${control}: write it on one line, without it`;
  if (name.includes("=")) return `${shown} contains "=", which ends it too early: leave it out`;
  if (/^[[#;]/.test(name)) {
    return `${shown} starts with ${quote(name.charAt(0))}, which makes it a header or a comment: leave it out`;
  }
  if (trimWhiteSpace(name) !== name) return `${shown} has blanks at its ends: remove them`;
  return undefined;
}

function valueProblem({ section, name, value }: UnitOption): string | undefined {
  const shown = `value of ${quote(name)} in section ${quote(section)}`;
  const control = controlCharacterIn(value.replaceAll("\n", ""));
  if (control !== undefined) return `${shown} contains ${control}: remove it`;
  if (/(?:^|[^\\])\n/.test(value)) {
    return `${shown} contains a line end: write "\\" before it to continue the value, or write two options`;
  }
  if (value.endsWith("\\")) {
    return `${shown} ends in "\\", which would make the next line a part of it: remove the backslash`;
  }
  const body = value.endsWith("\n") ? value.slice(0, -1) : value;
  if (trimWhiteSpace(body) !== body) return `${shown} has blanks at its ends: remove them`;
  return undefined;
}

/** Names the first character that no unit file should contain; tabs are fine. */
function controlCharacterIn(text: string): string | undefined {
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (code >= 0xd800 && code <= 0xdfff) return "half of a surrogate pair";
    if ((code < 0x20 && character !== "\t") || code === 0x7f)
      return `the control character ${quote(character)}`;
  }
  return undefined;
}

/** The rule itself, should the sentences above miss a case; and lines that are too long. */
function roundTripProblem(options: readonly UnitOption[]): string | undefined {
  try {
    const got = parseUnitFile(serializeUnitFile(options));
    const wanted = inFileOrder(options);
    const same = got.length === wanted.length && wanted.every((option, at) => isSameOption(option, got[at]));
    return same ? undefined : "the options would be read back from a file as others: write each on one line";
  } catch (error) {
    if (error instanceof UnitFileError) return error.message;
    throw error;
  }
}

/** Printing gathers a section that appears twice under its first header. That loses nothing and is allowed. */
function inFileOrder(options: readonly UnitOption[]): readonly UnitOption[] {
  const sections = new Map<string, UnitOption[]>();
  for (const option of options) {
    const section = sections.get(option.section);
    if (section === undefined) sections.set(option.section, [option]);
    else section.push(option);
  }
  return [...sections.values()].flat();
}

function isSameOption(a: UnitOption, b: UnitOption | undefined): boolean {
  return a.section === b?.section && a.name === b.name && a.value === b.value;
}
