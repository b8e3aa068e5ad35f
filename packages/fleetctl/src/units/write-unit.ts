import { ApiError, type UnitsWriteAnswerV2, type UnitWriteV2 } from "@fleet/client";
import type { DesiredState, UnitContent } from "@fleet/core";
import type { CommandContext } from "../command.js";

/** So many requests run at once; each is a transaction of etcd, which takes no more at a time with profit. */
const writesAtOnce = 16;

/** What one request holds that writes many units: few enough for an answer in good time, of which Ctrl-C waits for none. */
const perRequest = { units: 250, characters: 1_500_000 };

/** Writes units' contents and makes them inactive. The exact texts go along where the server takes them. */
export function writeContents<T extends { readonly name: string; readonly content: UnitContent }>(
  context: CommandContext,
  units: readonly T[],
): Promise<readonly WriteResult<T>[]> {
  const { client, signal } = context;
  return writeMany(context, units, {
    toWrite: ({ name, content }) => ({
      name,
      text: content.text,
      desiredState: "inactive",
      replace: true,
    }),
    alone: async ({ name, content }) => {
      const change = { text: content.text, desiredState: "inactive", replace: true };
      const answer = await client.putUnitV2(name, change, signal);
      if (answer !== "unsupported") return;
      await client.putUnit(name, { name, options: content.options, desiredState: "inactive" }, signal);
    },
  });
}

/** A unit of which something is to be wanted. */
export interface UnitToSet {
  readonly name: string;
  /**
   * Takes the place of its content in the same write, so that the unit keeps its place and whatever follows it, and is
   * started once.
   */
  readonly replacement?: UnitContent | undefined;
}

/** Changes what is wanted of units. */
export function writeDesiredStates<T extends UnitToSet>(
  context: CommandContext,
  units: readonly T[],
  desiredState: DesiredState,
): Promise<readonly WriteResult<T>[]> {
  const { client, signal } = context;
  const textOf = ({ replacement }: UnitToSet) =>
    replacement === undefined ? {} : { text: replacement.text, replace: true };
  return writeMany(context, units, {
    toWrite: (unit) => ({ name: unit.name, ...textOf(unit), desiredState }),
    alone: async (unit) => {
      const answer = await client.putUnitV2(unit.name, { ...textOf(unit), desiredState }, signal);
      if (answer !== "unsupported") return;
      const options = unit.replacement === undefined ? {} : { options: unit.replacement.options };
      await client.putUnit(unit.name, { name: unit.name, ...options, desiredState }, signal);
    },
  });
}

/**
 * Destroys units.
 * @returns the results; one that somebody else has destroyed meanwhile is in `gone`, and no failure.
 */
export async function destroyAll<T extends { readonly name: string }>(
  context: CommandContext,
  units: readonly T[],
): Promise<{ readonly results: readonly WriteResult<T>[]; readonly gone: ReadonlySet<string> }> {
  const { client, signal } = context;
  const gone = new Set<string>();
  const results = await writeMany(context, units, {
    toWrite: ({ name }) => ({ name, destroy: true }),
    alone: async ({ name }) => {
      if (!(await client.destroyUnit(name, signal))) gone.add(name);
    },
  });
  const isGone = ({ error }: WriteResult<T>) => error instanceof ApiError && error.status === 404;
  for (const result of results) if (isGone(result)) gone.add(result.item.name);
  return { results: results.map((result) => (isGone(result) ? { item: result.item } : result)), gone };
}

/** What became of one of several writes. */
export interface WriteResult<T> {
  readonly item: T;
  /** Absent if it went well. */
  readonly error?: unknown;
}

/** How several items are written: in one request with others, or each by its own where the server knows no other way. */
interface Writing<T> {
  toWrite(item: T): UnitWriteV2;
  alone(item: T): Promise<void>;
}

/** Writes many units in as few requests as it takes. @returns the results in the order of the items. */
async function writeMany<T extends { readonly name: string }>(
  context: CommandContext,
  items: readonly T[],
  { toWrite, alone }: Writing<T>,
): Promise<readonly WriteResult<T>[]> {
  const isApart = items.length > 1 && new Set(items.map(({ name }) => name)).size === items.length;
  if (!isApart) return await writeAll(items, alone);
  const results: WriteResult<T>[] = [];
  for (const some of portions(items, toWrite)) {
    let answer: UnitsWriteAnswerV2 | "unsupported";
    try {
      const units = some.map(({ write }) => write);
      answer = await context.client.writeUnits(units, context.signal);
    } catch (error) {
      results.push(...some.map(({ item }) => ({ item, error })));
      continue;
    }
    if (answer === "unsupported") {
      return [...results, ...(await writeAll(items.slice(results.length), alone))];
    }
    const { units = [] } = answer;
    results.push(...some.map(({ item }, index) => resultOf(item, units[index])));
  }
  return results;
}

function resultOf<T>(
  item: T,
  told: NonNullable<UnitsWriteAnswerV2["units"]>[number] | undefined,
): WriteResult<T> {
  if (told === undefined) return { item, error: new Error("the server says nothing of it") };
  if (told.error === undefined) return { item };
  const { code, message, hint } = told.error;
  return { item, error: new ApiError(code, JSON.stringify({ error: told.error }), message, hint) };
}

function* portions<T>(
  items: readonly T[],
  toWrite: (item: T) => UnitWriteV2,
): Generator<readonly { readonly item: T; readonly write: UnitWriteV2 }[], void, void> {
  let portion: { item: T; write: UnitWriteV2 }[] = [];
  let characters = 0;
  for (const item of items) {
    const write = toWrite(item);
    const added = write.text?.length ?? 0;
    const isFull = portion.length === perRequest.units || characters + added > perRequest.characters;
    if (isFull && portion.length > 0) {
      yield portion;
      portion = [];
      characters = 0;
    }
    portion.push({ item, write });
    characters += added;
  }
  if (portion.length > 0) yield portion;
}

/**
 * Does the same to many items, a bounded number at a time; a failure of one does not keep the others back.
 * @returns the results in the order of the items.
 */
export async function writeAll<T>(
  items: readonly T[],
  write: (item: T) => Promise<void>,
): Promise<readonly WriteResult<T>[]> {
  const results = new Array<WriteResult<T>>(items.length);
  const queue = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) {
      try {
        await write(item);
        results[index] = { item };
      } catch (error) {
        results[index] = { item, error };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(writesAtOnce, items.length) }, worker));
  return results;
}
