import { expandSpecifiers, type UnitName, type UnitOption } from "@fleet/core";

/**
 * The units that a text orders its unit after, or before, in systemd's notation: lists separated by blanks, and an empty
 * one forgets those above it.
 */
export function unitOrder(
  options: readonly UnitOption[],
  key: "After" | "Before",
  name: UnitName,
): readonly string[] {
  let names: string[] = [];
  for (const option of options) {
    if (option.section !== "Unit" || option.name !== key) continue;
    const words = option.value.split(/\s+/).filter((word) => word !== "" && word !== "\\");
    if (words.length === 0) names = [];
    names.push(...words.map((word) => expandSpecifiers(word, name)));
  }
  return names;
}
