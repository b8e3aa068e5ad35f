import { machineIdProblem } from "../machine/machine-id.js";
import { measuredResources, parseAmounts } from "../machine/resources.js";
import { closest } from "../suggest.js";
import { demandWarnings } from "./demand-warnings.js";
import { parseMetadataExpression } from "./metadata-expression.js";
import { quote } from "./quote.js";
import { splitQuotedList } from "./quoted-list.js";
import {
  conflictsKeys,
  knownRequirementKeys,
  machineIdKeys,
  machineOfKeys,
  requirementKeys,
  requirementSection,
} from "./requirement-keys.js";
import { falsehoods, truths } from "./requirements.js";
import { expandSpecifiers, knownSpecifiers } from "./specifiers.js";
import type { UnitOption } from "./unit-file.js";
import { isTemplate, splitUnitName, unitNameProblem, unitTypes } from "./unit-name.js";
import { splitFields } from "./white-space.js";

/**
 * Lists what is legal but hardly meant, for whoever submits a unit. Nothing here is a reason to refuse it.
 * @returns Sentences without the unit's name, in the order of the file, none twice.
 */
export function unitWarnings(name: string, options: readonly UnitOption[]): readonly string[] {
  const warnings = options.flatMap((option) => [
    ...sectionWarnings(option.section),
    ...(option.section === requirementSection ? requirementWarnings(name, option) : []),
  ]);
  return [...new Set([...warnings, ...machineIdWarnings(options), ...demandWarnings(name, options)])];
}

function sectionWarnings(section: string): readonly string[] {
  if (section === requirementSection) return [];
  const letters = section.toLowerCase().replaceAll(/[^a-z]/g, "");
  const isMeant =
    letters === "fleet" || letters === "xfleet" || closest(section, [requirementSection]) !== undefined;
  return isMeant
    ? [`section ${quote(section)} means nothing to fleet (did you mean ${quote(requirementSection)}?)`]
    : [];
}

function requirementWarnings(unitName: string, option: UnitOption): readonly string[] {
  const { name: key, value } = option;
  if (!knownRequirementKeys.includes(key)) return [unknownKey(key)];
  return [
    ...quotingWarnings(key, value),
    ...specifierWarnings(key, value),
    ...(machineOfKeys.includes(key) ? peerWarnings(unitName, key, value) : []),
    ...(conflictsKeys.includes(key) && value.includes("\\\n") ? [continuedConflicts(key)] : []),
    ...(key === requirementKeys.reserve ? resourceWarnings(unitName, key, value) : []),
    ...(key === requirementKeys.reserve ? amountWarnings(unitName, key, value) : []),
    ...(key === requirementKeys.machineMetadata ? literalWarnings(unitName, key, value) : []),
    ...(key === requirementKeys.global ? truthWarnings(unitName, key, value) : []),
    ...(key === requirementKeys.replaces && splitQuotedList(value).includes("")
      ? [`${key} contains an empty pattern, which matches nothing`]
      : []),
  ];
}

function unknownKey(key: string): string {
  // People also put the legacy prefix before options that never had one.
  const meant =
    closest(key, knownRequirementKeys) ?? closest(key.replace(/^X-(Condition)?/i, ""), knownRequirementKeys);
  const suggestion = meant === undefined ? "" : ` (did you mean ${quote(meant)}?)`;
  return `unrecognized requirement in [${requirementSection}] section: ${quote(key)}${suggestion}`;
}

/** What counts as false, although it was hardly written for that. */
function truthWarnings(unitName: string, key: string, value: string): readonly string[] {
  return splitQuotedList(value)
    .map((item) => expandSpecifiers(item, unitName))
    .filter((word) => ![...truths, ...falsehoods].includes(word.toLowerCase()))
    .map((word) => `${key} ${quote(word)} counts as false: write true or false`);
}

/** Names of resources that nothing measures, and that are nearly those of one that is measured. */
const nearlyMeasured: ReadonlyMap<string, string> = new Map([
  ...["cpu", "cpus", "core", "cores"].map((name) => [name, measuredResources.cpu] as const),
  ...["memory", "mem", "ram"].map((name) => [name, measuredResources.memory] as const),
]);

/** A resource that is only counted, which no machine has unless somebody says so. */
function resourceWarnings(unitName: string, key: string, value: string): readonly string[] {
  return splitQuotedList(value).flatMap((item) => {
    const parsed = parseAmounts(expandSpecifiers(item, unitName));
    const names = "problem" in parsed ? [] : [...parsed.amounts.keys()];
    return names.flatMap((name) => {
      const meant = nearlyMeasured.get(name.toLowerCase());
      return meant === undefined || meant === name
        ? []
        : [`${key} names ${quote(name)}, which no machine measures (did you mean ${quote(meant)}?)`];
    });
  });
}

/** Amounts that lack their unit, as it seems. */
function amountWarnings(unitName: string, key: string, value: string): readonly string[] {
  return splitQuotedList(value).flatMap((item) => {
    const text = expandSpecifiers(item, unitName);
    const [, bytes] = /(?:^|,)\s*memory\s*=\s*(\d{1,6})\s*(?:,|$)/.exec(text) ?? [];
    const [, cores] = /(?:^|,)\s*cpu\s*=\s*(\d{3,})\s*(?:,|$)/.exec(text) ?? [];
    return [
      ...(bytes === undefined
        ? []
        : [`${key} of ${bytes} bytes of memory (did you mean "memory=${bytes}M"?)`]),
      ...(cores === undefined ? [] : [`${key} of ${cores} cores (did you mean "cpu=${cores}m"?)`]),
    ];
  });
}

/** Values of `key=value` that look as if another operator was meant. */
function literalWarnings(unitName: string, key: string, value: string): readonly string[] {
  return splitQuotedList(value).flatMap((item) => {
    const expression = parseMetadataExpression(expandSpecifiers(item, unitName));
    if (expression?.operator !== "=") return [];
    const unlike = `${expression.key.slice(1)}!=${expression.value}`;
    if (expression.key.startsWith("!") && isOtherDemand(unlike)) return [literally(key, item, unlike)];
    const swapped = `${expression.key}${expression.value.replace(/^([!~<>])/, "$1=")}`;
    const pattern = `${expression.key}~=${expression.value}`;
    const [, sign] = /^([!~<>])./.exec(expression.value) ?? [];
    if (sign !== undefined && isOtherDemand(swapped)) return [literally(key, item, swapped)];
    return /[*?]/.test(expression.value) && isOtherDemand(pattern) ? [literally(key, item, pattern)] : [];
  });
}

function isOtherDemand(text: string): boolean {
  const operator = parseMetadataExpression(text)?.operator;
  return operator !== undefined && operator !== "=";
}

function literally(key: string, item: string, meant: string): string {
  return `${key} ${quote(item)} is taken literally (did you mean ${quote(meant)}?)`;
}

/** Anything in quotes that a stricter reader would take for another list. */
function quotingWarnings(key: string, value: string): readonly string[] {
  if (!value.includes('"') || /^"[^"]*"(?: "[^"]*")*$/.test(value)) return [];
  return [
    `${key}=${quote(value, "'")} is quoted in an unusual way and read as ${splitQuotedList(value)
      .map((item) => quote(item))
      .join(", ")}: put every value in double quotes, with one blank between them`,
  ];
}

function specifierWarnings(key: string, value: string): readonly string[] {
  const unknown = (value.match(/%./gsu) ?? []).filter((specifier) => !knownSpecifiers.includes(specifier));
  return unknown.map((specifier) =>
    specifier === "%%"
      ? `${key}: "%%" is no escape in [${requirementSection}] and stays as it is`
      : `${key}: unknown specifier ${quote(specifier)} stays as it is (fleet knows ${knownSpecifiers.join(", ")})`,
  );
}

function peerWarnings(unitName: string, key: string, value: string): readonly string[] {
  const parts = splitUnitName(unitName);
  const judged = parts !== undefined && isTemplate(unitName) ? `${parts.prefix}@1${parts.suffix}` : unitName;
  return splitQuotedList(value).flatMap((item) => {
    const peer = expandSpecifiers(item, judged);
    // An empty name and a name with blanks are refused elsewhere.
    if (peer === "" || splitFields(peer)[0] !== peer) return [];
    if (/[*?[]/.test(peer))
      return [`${key} ${quote(item)} is taken literally: patterns are not expanded here`];
    if (!unitTypes.includes(peer.slice(peer.lastIndexOf(".") + 1))) {
      const meant = unitNameProblem(`${peer}.service`) === undefined;
      const suggestion = meant ? ` (did you mean ${quote(`${item}.service`)}?)` : "";
      return [`${key} ${quote(item)} does not end in a unit type${suggestion}`];
    }
    if (isTemplate(peer))
      return [`${key} ${quote(item)} is a template, which never runs: name an instance of it`];
    const problem = unitNameProblem(peer);
    return problem === undefined ? [] : [`${key} ${quote(item)} cannot be a unit: ${problem}`];
  });
}

function continuedConflicts(key: string): string {
  return `${key} is continued over several lines, and each "\\" becomes a pattern that matches nothing: write several ${key} lines`;
}

function machineIdWarnings(options: readonly UnitOption[]): readonly string[] {
  const given = options.filter(
    (option) => option.section === requirementSection && machineIdKeys.includes(option.name),
  );
  const values = machineIdKeys
    .flatMap((key) => given.filter((option) => option.name === key))
    .flatMap((option) => splitQuotedList(option.value));
  const [first, ...others] = values;
  if (first === undefined) return [];
  return [
    ...(others.length > 0 ? [`only the first machine ID counts, which is ${quote(first)}`] : []),
    ...(first === "" || first.includes("%") || machineIdProblem(first) === undefined
      ? []
      : [`no machine can have the ID ${quote(first)}`]),
  ];
}
