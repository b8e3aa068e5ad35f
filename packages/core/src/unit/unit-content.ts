import { parseUnitFile, serializeUnitFile, type UnitOption } from "./unit-file.js";
import { type ContentId, contentId, type UnitHash, unitHash } from "./unit-hash.js";

/** What a unit consists of, apart from its name and what is wanted of it. */
export interface UnitContent {
  /** Exactly what was submitted: what `cat` shows and systemd reads. */
  readonly text: string;
  /** What the text says, in its order. */
  readonly options: readonly UnitOption[];
  /** Identity of the options, on the v1 wire and in listings. */
  readonly hash: UnitHash;
  /** Identity of the text. */
  readonly contentId: ContentId;
}

/**
 * Reads a unit's text and keeps it as it is.
 * @throws {UnitFileError} if the text breaks the grammar. Nothing else is checked here.
 */
export function unitContentFromText(text: string): UnitContent {
  const options = parseUnitFile(text);
  return { text, options, hash: unitHash(options), contentId: contentId(text) };
}

/**
 * Makes content from options alone, as a v1 client sends them; the text is then the canonical one.
 * Options that do not survive being written and read back must be refused before (`strictProblem`).
 */
export function unitContentFromOptions(options: readonly UnitOption[]): UnitContent {
  const text = serializeUnitFile(options);
  return { text, options, hash: unitHash(options), contentId: contentId(text) };
}

/** The first `Description` of section `Unit`, or an empty text. */
export function unitDescription(options: readonly UnitOption[]): string {
  return options.find((option) => option.section === "Unit" && option.name === "Description")?.value ?? "";
}

/** Says whether the unit can be enabled. An `[Install]` header without options below it does not count. */
export function hasInstallSection(options: readonly UnitOption[]): boolean {
  return options.some((option) => option.section === "Install");
}
