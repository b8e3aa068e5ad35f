import { parseRequirements, parseUnitName, type Unit, type UnitName, unitContentFromText } from "@fleet/core";

/** With `mixed` rules three of ten units have one each: units that exclude each other, a follower, a wanted region. */
export type Rules = "none" | "mixed";

/** Regions of the machines. */
export const regions: readonly string[] = ["north", "east", "south", "west"];

const content = unitContentFromText("[Service]\nExecStart=/bin/sleep 100000\n");

/** The name of a unit and its lines of `[X-Fleet]`, by its number. Groups that exclude each other fit on half of the machines. */
export function unitOf(
  number: number,
  rules: Rules,
  machines: number,
): { readonly name: UnitName; readonly options: readonly string[] } {
  const padded = String(number).padStart(6, "0");
  const made = (name: string, ...options: string[]) => ({ name: parseUnitName(name), options });
  if (rules === "none") return made(`u${padded}.service`);
  const groupSize = Math.max(1, Math.floor(machines / 2));
  switch (number % 10) {
    case 3: {
      const group = Math.floor(number / 10 / groupSize);
      return made(`apart${group}-${padded}.service`, `Conflicts=apart${group}-*`);
    }
    case 6:
      return made(`side${padded}.service`, `MachineOf=u${String(number - 1).padStart(6, "0")}.service`);
    case 9:
      return made(
        `zoned${padded}.service`,
        `MachineMetadata=region=${regions[Math.floor(number / 10) % regions.length]}`,
      );
    default:
      return made(`u${padded}.service`);
  }
}

/** The record of a unit that is wanted. */
export function recordOf(name: UnitName, options: readonly string[], revision: number): Unit {
  const lines = options.map((line) => {
    const equals = line.indexOf("=");
    return { section: "X-Fleet", name: line.slice(0, equals), value: line.slice(equals + 1) };
  });
  return {
    name,
    contentId: content.contentId,
    hash: content.hash,
    desiredState: "launched",
    startCount: 1,
    changedAtMs: 0,
    createRevision: revision,
    modRevision: revision,
    content,
    requirements: parseRequirements(lines, name),
  };
}
