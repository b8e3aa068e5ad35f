import { quote } from "./quote.js";
import { isQuotedList, splitQuotedList } from "./quoted-list.js";
import { expandSpecifiers } from "./specifiers.js";
import type { UnitOption } from "./unit-file.js";
import { splitFields } from "./white-space.js";

/** One value of a list option, and how it was written. */
export interface ListItem {
  readonly key: string;
  /** The whole option's value, as written. */
  readonly raw: string;
  /** One value of the list, specifiers expanded. */
  readonly value: string;
}

/** Lists the values of all options with one of these keys, in the order of the file. */
export function itemsOf(
  options: readonly UnitOption[],
  keys: readonly string[],
  unitName: string,
): readonly ListItem[] {
  return options
    .filter((option) => keys.includes(option.name))
    .flatMap(({ name: key, value: raw }) =>
      splitQuotedList(raw).map((value) => ({ key, raw, value: expandSpecifiers(value, unitName) })),
    );
}

/** Whether there is white space anywhere in the text. */
export function hasBlank(value: string): boolean {
  return splitFields(value).join("") !== value;
}

/** Says of an empty value what follows from it and what to write instead. */
export function emptyItem({ key, raw }: ListItem, consequence: string, advice: string): string {
  const cause = raw === "" ? `${key} is empty` : `${key}=${quote(raw, "'")} contains an empty value`;
  const more = isQuotedList(raw) && raw.includes("  ") ? ", with single blanks between quoted values" : "";
  return `${cause}, ${consequence}: ${advice}${more}, or remove the line`;
}

/** Says of a value with blanks how a list is written. */
export function unquotedList({ key, raw, value }: ListItem, what: string): string {
  const words = wordsOf(raw).map((word) => quote(word.replaceAll(/["']/g, "")));
  return `${key} ${quote(value)} contains a blank, which ${what} cannot: to list several, write ${key}=${words.join(" ")}`;
}

/** The words somebody meant who wrote a list without quotes. */
export function wordsOf(raw: string): readonly string[] {
  const wordsMax = 8;
  return splitFields(raw.replaceAll("\\\n", " ")).slice(0, wordsMax);
}
