import { FleetError, isFleetError } from "@fleet/core";
import type { UnitWrite, WriteOutcome } from "@fleet/core/ports";
import { decodeMark } from "./codec.js";
import type { RegistryOptions } from "./registry-options.js";
import type { StoredValue, TransactionResult } from "./store.js";
import { draftWrite, type ReadyWrite, readUnit, rewriteAsIs } from "./unit-write.js";

/** A change that loses this many races in a row is given back to the caller. */
const attemptsMax = 20;

/** Our writes whose outcome is not known, by their traces. */
export type PendingWrites = Map<ReadyWrite["trace"], WriteOutcome["effect"]>;

/**
 * Makes one write of a unit: decided from what stands there, committed if that still stands, and decided again if not.
 * @param pending - Writes of the same kind for the same unit, sent before, whose outcome is not known.
 */
export async function writeAlone(
  options: RegistryOptions,
  write: UnitWrite,
  signal: AbortSignal,
  pending: PendingWrites = new Map(),
): Promise<WriteOutcome> {
  const { trust, keys } = options;
  const key = keys.unit(write.name);
  for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
    const { item, revision } = await read(options, key, signal);
    const landed = await findLanded(options, write, { item, revision }, pending, signal);
    if (landed !== undefined) return landed;
    const draft = draftWrite(options, write, item);
    let ready: ReadyWrite;
    if (draft.kind === "nothing") {
      const { change } = draft;
      if (change === undefined || (await hasText(options, change.content?.contentId, signal))) {
        return { revision, effect: "unchanged" };
      }
      ready = rewriteAsIs(options, write, item, change);
    } else ready = draft;
    const done = await tryCommit(options, key, ready, signal);
    if (done?.succeeded === true) return { revision: done.revision, effect: ready.effect };
    // One that lost its race has not happened, nor will it; others of the same trace, sent before, may have.
    if (done === undefined) pending.set(ready.trace, ready.effect);
    trust.throwIfDistrusted();
  }
  throw contended(`${write.kind} "${write.name}"`);
}

/** What a read of one key found, and of which revision that is. */
interface ReadRecord {
  readonly item: StoredValue | undefined;
  readonly revision: number;
}

/** A change that others get ahead of again and again. */
export function contended(what: string): FleetError {
  return new FleetError("conflict", `cannot ${what}: others change it all the time`);
}

async function findLanded(
  options: RegistryOptions,
  write: UnitWrite,
  { item, revision: readRevision }: ReadRecord,
  pending: PendingWrites,
  signal: AbortSignal,
): Promise<WriteOutcome | undefined> {
  if (pending.size === 0) return undefined;
  if (write.kind === "change") {
    const current = item === undefined ? undefined : readUnit(item, write.name);
    const effect = pending.get(current?.write ?? "");
    return current === undefined || effect === undefined
      ? undefined
      : { revision: current.modRevision, effect };
  }
  if (item !== undefined) return undefined;
  const { item: mark } = await read(options, options.keys.mark(write.name), signal);
  // The leader has cleared up behind the end of the unit, which ours may have been: it is what the caller wants. By the
  // time the mark was read the unit may have been made anew.
  if (mark === undefined) return { revision: readRevision, effect: "changed" };
  if (!pending.has(decodeMark(mark, write.name).recordRevision)) return undefined;
  return { revision: mark.modRevision, effect: "changed" };
}

async function read({ trust }: RegistryOptions, key: string, signal: AbortSignal): Promise<ReadRecord> {
  const { items, revision } = await trust.store.range({ key }, signal);
  return { item: items[0], revision };
}

/** @returns `undefined` if the answer was lost: read again, and look for what the write would have left. */
async function tryCommit(
  { trust }: RegistryOptions,
  key: string,
  { modRevision, operations }: ReadyWrite,
  signal: AbortSignal,
): Promise<TransactionResult | undefined> {
  try {
    const compare = [{ key, target: "mod", is: "=", operand: modRevision }] as const;
    return await trust.store.transact({ compare, success: operations }, signal);
  } catch (error) {
    if (!isFleetError(error, "unavailable")) throw error;
    trust.throwIfDistrusted();
    return undefined;
  }
}

/** Says whether the text that a change brings is stored; it may have been lost while its unit was kept. */
async function hasText(
  { trust, keys }: RegistryOptions,
  contentId: Parameters<RegistryOptions["keys"]["unitFile"]>[0] | undefined,
  signal: AbortSignal,
): Promise<boolean> {
  if (contentId === undefined) return true;
  const { count } = await trust.store.range({ key: keys.unitFile(contentId), keysOnly: true }, signal);
  return count > 0;
}
