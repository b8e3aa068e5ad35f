import {
  type Metadata,
  type MetadataRule,
  matchesGlob,
  matchesMachineId,
  matchesMetadata,
  type Requirements,
  replacementBetween,
} from "@fleet/core";
import type { World } from "../world.js";
import type { Version } from "./key-history.js";
import { keyOf, liveSeatOf, presenceOf, unitOf } from "./records.js";

/** How old what a plan was made from may be when it is committed: an office lasts five seconds, and lines are slow. */
export const planAgeMs = 10_000;

/** What a unit demands by each of its records that stood lately, the newest first. */
export function demandsLately(world: World, unit: string, ms = planAgeMs): readonly Requirements[] {
  const { truth } = world;
  return truth.lately(keyOf.unit(unit), ms).flatMap((version) => {
    const record = unitOf(version);
    return record === undefined ? [] : (truth.demandsOf(unit, record.contentId) ?? []);
  });
}

/** Why a machine is no place for a unit, by what the unit and the machine are in themselves. */
export function misfit(world: World, machine: string, demands: Requirements): string | undefined {
  if (demands.machineId !== undefined && !matchesMachineId(demands.machineId, machine)) {
    return `it is pinned to ${demands.machineId}`;
  }
  if (!matchesMetadata(demands.machineMetadata, world.truth.metadataOf(machine))) {
    return `${JSON.stringify(world.truth.metadataOf(machine))} does not match its demands`;
  }
  const rule = demands.metadataRules.find((one) => !meets(one, world.truth.metadataOf(machine)));
  if (rule !== undefined) return `${JSON.stringify(world.truth.metadataOf(machine))} breaks ${rule.key}`;
  return undefined;
}

/** Whether metadata meet a rule: written anew, for those values that worlds have. */
function meets({ key, operator, values }: MetadataRule, metadata: Metadata): boolean {
  const actual = Object.hasOwn(metadata, key) ? metadata[key] : undefined;
  if (operator === "present" || operator === "absent")
    return (actual !== undefined) === (operator === "present");
  if (operator === "!=") return actual === undefined || !values.includes(actual);
  if (actual === undefined) return false;
  if (operator === "~=") return values.some((pattern) => matchesGlob(pattern, actual));
  const [mine, wanted] = [versionOf(actual), versionOf(values[0] ?? "")];
  if (mine === undefined || wanted === undefined) return false;
  if (operator === ">=") return mine >= wanted;
  if (operator === "<=") return mine <= wanted;
  return operator === ">" ? mine > wanted : mine < wanted;
}

/** A number for each version of at most three parts. */
function versionOf(text: string): number | undefined {
  const [, version] = /^v?(\d+(?:\.\d+)*)(?:[-+~].*)?$/.exec(text) ?? [];
  if (version === undefined) return undefined;
  const [major = 0, minor = 0, patch = 0] = version.split(".").map(Number);
  return (major * 10_000 + minor) * 10_000 + patch;
}

/**
 * Which resource of a machine is short if a unit comes to it, as its demands say, beside those that have live seats there, or,
 * if strays count, run there.
 * @param amountOf - What is counted for another unit.
 */
export function shortage(
  world: World,
  machine: string,
  unit: string,
  reserve: ReadonlyMap<string, number>,
  others: Iterable<string>,
  amountOf: (unit: string, resource: string) => number,
): string | undefined {
  const capacity = presenceOf(world.truth.history.current(keyOf.presence(machine)))?.capacity ?? {};
  for (const [resource, amount] of reserve) {
    let sum = amount;
    for (const other of others) if (other !== unit) sum += amountOf(other, resource);
    const has = Object.hasOwn(capacity, resource) ? (capacity[resource] ?? 0) : 0;
    if (sum > has) return `${sum} of ${has} ${resource} would be reserved`;
  }
  return undefined;
}

/** The units that have a live seat on a machine. */
export function seatedOn(world: World, machine: string): readonly string[] {
  const { truth } = world;
  return truth
    .seats()
    .filter(
      ([on, unit]) => on === machine && liveSeatOf(truth.history.current(keyOf.seat(on, unit))) !== undefined,
    )
    .map(([, unit]) => unit);
}

/** The machines on which a unit has a live seat. */
export function seatsOf(world: World, unit: string): readonly string[] {
  const { truth } = world;
  return truth
    .seats()
    .filter(
      ([machine, of]) =>
        of === unit && liveSeatOf(truth.history.current(keyOf.seat(machine, of))) !== undefined,
    )
    .map(([machine]) => machine);
}

/** Whether two units exclude each other by what is demanded: a pattern of either matches the name of the other. */
export function exclude(a: string, of: Requirements, b: string, from: Requirements | undefined): boolean {
  if (a === b) return false;
  const objects = (patterns: readonly string[], name: string): boolean =>
    patterns.some((pattern) => matchesGlob(pattern, name));
  return objects(of.conflicts, b) || objects(from?.conflicts ?? [], a);
}

/**
 * Whether two units exclude each other by every reading of their records of late. A record that cannot be read is skipped
 * (design, I8), so while it is there what it demands is no rule for those who plan; the machine still goes by the text.
 */
export function alwaysExclude(world: World, a: string, b: string): boolean {
  const ofA = demandsLately(world, a);
  const wasUnreadable = world.truth
    .lately(keyOf.unit(b), planAgeMs)
    .some((version) => version.value !== undefined && unitOf(version) === undefined);
  const ofB: readonly (Requirements | undefined)[] = wasUnreadable ? [] : demandsLately(world, b);
  const readingsOfB = ofB.length === 0 ? [undefined] : ofB;
  return ofA.length > 0 && ofA.every((x) => readingsOfB.every((y) => exclude(a, x, b, y)));
}

/** Whether, by some reading of their records of late, `replaced` has to leave for `replacer`. */
export function mayReplace(world: World, replacer: string, replaced: string): boolean {
  const theirs = demandsLately(world, replaced);
  return demandsLately(world, replacer).some((own) => hasToLeave(replacer, own, replaced, theirs));
}

/** Whether, by this record of the replacer and some reading of the other's of late, the other has to leave for it. */
export function replacesBy(world: World, replacer: string, record: Version, replaced: string): boolean {
  const unit = unitOf(record);
  if (unit === undefined || unit.desiredState === "inactive") return false;
  const demands = world.truth.demandsOf(replacer, unit.contentId);
  return demands !== undefined && hasToLeave(replacer, demands, replaced, demandsLately(world, replaced));
}

function hasToLeave(
  replacer: string,
  { replaces }: Requirements,
  replaced: string,
  theirs: readonly Requirements[],
): boolean {
  return (theirs.length === 0 ? [undefined] : theirs).some(
    (reading) =>
      replacementBetween({ name: replacer, replaces }, { name: replaced, replaces: reading?.replaces ?? [] })
        ?.replacer === replacer,
  );
}

/** Whether a machine is present and takes units. */
export function isUp(world: World, machine: string): boolean {
  return presenceOf(world.truth.history.current(keyOf.presence(machine)))?.state === "up";
}
