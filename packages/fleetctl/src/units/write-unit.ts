import type { DesiredState, UnitContent } from "@fleet/core";
import type { CommandContext } from "../command.js";

/** So many requests run at once; each is a transaction of etcd, which takes no more at a time with profit. */
const writesAtOnce = 16;

/** Writes a unit's content and makes it inactive. The exact text goes along where the server takes it. */
export async function writeContent(
  { client, signal }: CommandContext,
  name: string,
  content: UnitContent,
): Promise<void> {
  const change = { text: content.text, desiredState: "inactive", replace: true };
  const answer = await client.putUnitV2(name, change, signal);
  if (answer !== "unsupported") return;
  await client.putUnit(name, { name, options: content.options, desiredState: "inactive" }, signal);
}

/**
 * Changes what is wanted of a unit.
 * @param replacement - Takes the place of its content in the same write, so that the unit keeps its place and whatever
 *   follows it, and is started once.
 */
export async function writeDesiredState(
  { client, signal }: CommandContext,
  name: string,
  desiredState: DesiredState,
  replacement?: UnitContent,
): Promise<void> {
  const text = replacement === undefined ? {} : { text: replacement.text, replace: true };
  const answer = await client.putUnitV2(name, { ...text, desiredState }, signal);
  if (answer !== "unsupported") return;
  const options = replacement === undefined ? {} : { options: replacement.options };
  await client.putUnit(name, { name, ...options, desiredState }, signal);
}

/** What became of one of several writes. */
export interface WriteResult<T> {
  readonly item: T;
  /** Absent if it went well. */
  readonly error?: unknown;
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
