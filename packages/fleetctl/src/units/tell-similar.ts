import { closest, isTemplate, splitUnitName } from "@fleet/core";
import type { CommandContext } from "../command.js";

/** The names that a run of a command has seen the cluster to have, so that it asks once, however many names are wrong. */
const listings = new WeakMap<CommandContext, Promise<readonly string[]>>();

/** Shorter names are one slip away from any other. */
const comparedMin = 3;
/** Of more names than this that do not exist, something else is wrong. */
const namesMax = 20;

/**
 * Finds the unit of the cluster that a name without one was probably meant for: a slip of the keys, or another type. That
 * nothing can be found out is no news.
 */
export async function findSimilar(
  context: CommandContext,
  names: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (names.length === 0) return new Map();
  const known = await listNames(context);
  context.signal.throwIfAborted();
  return new Map(
    names.slice(0, namesMax).flatMap((name): readonly (readonly [string, string])[] => {
      const similar = similarName(name, known);
      return similar === undefined ? [] : [[name, similar]];
    }),
  );
}

function listNames(context: CommandContext): Promise<readonly string[]> {
  const { client, signal } = context;
  const listing =
    listings.get(context) ??
    client.listUnits(signal).then(
      (units) => units.flatMap(({ name }) => name ?? []),
      () => [],
    );
  listings.set(context, listing);
  return listing;
}

/** Types are left out of the comparison: any two names with `.service` behind them have much in common. */
function similarName(name: string, known: readonly string[]): string | undefined {
  const wanted = splitUnitName(name);
  if (wanted === undefined) return undefined;
  const byStem = new Map<string, string>();
  for (const candidate of known) {
    const parts = splitUnitName(candidate);
    if (parts === undefined || isTemplate(candidate) !== isTemplate(name)) continue;
    if (!byStem.has(parts.name) || parts.suffix === wanted.suffix) byStem.set(parts.name, candidate);
  }
  if (byStem.has(wanted.name)) return byStem.get(wanted.name);
  const stem = wanted.name.length < comparedMin ? undefined : closest(wanted.name, [...byStem.keys()]);
  return stem === undefined ? undefined : byStem.get(stem);
}

/** Tells, on stderr, that the cluster does not have a unit, and which was probably meant. */
export async function tellUnknown(
  context: CommandContext,
  names: readonly string[],
  sentence: (name: string) => string,
): Promise<void> {
  const similar = await findSimilar(context, names);
  for (const name of names) {
    const meant = similar.get(name);
    context.stderr.write(`${sentence(name)}\n${meant === undefined ? "" : `Hint: did you mean ${meant}?\n`}`);
  }
}

/** The same behind a line that has said it of all names without naming any. */
export async function hintUnknown(context: CommandContext, names: readonly string[]): Promise<void> {
  const similar = await findSimilar(context, names);
  for (const name of names) {
    const meant = similar.get(name);
    const question = meant === undefined ? "" : `; did you mean ${meant}?`;
    context.stderr.write(`Hint: the cluster has no ${name}${question}\n`);
  }
}
