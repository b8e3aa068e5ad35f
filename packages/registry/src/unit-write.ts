import {
  assert,
  type DesiredState,
  FleetError,
  nextWish,
  type UnitName,
  type UnitRecord,
  type UnitWish,
} from "@fleet/core";
import type { UnitChange, UnitWrite, WriteOutcome } from "@fleet/core/ports";
import { decodeUnit, encodeMark, encodeUnit, type StoredUnit } from "./codec.js";
import type { RegistryOptions } from "./registry-options.js";
import type { Operation, StoredValue } from "./store.js";

/** What a write of a unit makes of the record that was read, before it is known whether that record still stands. */
export type DraftedWrite =
  /** There is nothing to do, provided that the text a change brings is stored. */
  { readonly kind: "nothing"; readonly change: UnitChange | undefined } | ReadyWrite;

/** A write of one key. */
export type WriteOperation =
  | Extract<Operation, { kind: "put" }>
  | { readonly kind: "delete"; readonly key: string };

/** A write that is ready for a transaction which compares the record's mod revision. */
export interface ReadyWrite {
  readonly kind: "write";
  /** The mod revision of the record that it was decided from; 0 if there was none. */
  readonly modRevision: number;
  readonly operations: readonly WriteOperation[];
  readonly effect: WriteOutcome["effect"];
  /** By which it is known again, if its answer is lost: in the record for a change, in the mark for the end of a unit. */
  readonly trace: string | number;
}

/**
 * Decides a write from the present record.
 * @throws what the caller's decision throws; {FleetError} `not-found` for the end of a unit that is not there, `conflict`
 * for a change of one whose record is unreadable.
 */
export function draftWrite(
  options: RegistryOptions,
  write: UnitWrite,
  item: StoredValue | undefined,
): DraftedWrite {
  const { keys } = options;
  const { name } = write;
  if (write.kind === "destroy") {
    if (item === undefined) {
      throw new FleetError("not-found", `cannot destroy "${name}": there is no such unit`);
    }
    const { modRevision } = item;
    const operations: WriteOperation[] = [
      { kind: "delete", key: keys.unit(name) },
      { kind: "put", key: keys.mark(name), value: encodeMark(modRevision) },
    ];
    return { kind: "write", modRevision, operations, effect: "changed", trace: modRevision };
  }
  const current = item === undefined ? undefined : readUnit(item, name);
  const change = write.decide(current);
  if (change === undefined) return { kind: "nothing", change };
  const next = nextRecord(name, current, change);
  if (current !== undefined && isSame(current, next)) return { kind: "nothing", change };
  return rewrite(options, { name, item, next, change });
}

/** Writes a record, though it may say the same as before: the text that goes along may have been lost. */
export function rewriteAsIs(
  options: RegistryOptions,
  write: UnitWrite,
  item: StoredValue | undefined,
  change: UnitChange,
): ReadyWrite {
  const current = item === undefined ? undefined : readUnit(item, write.name);
  return rewrite(options, { name: write.name, item, next: nextRecord(write.name, current, change), change });
}

/** Reads a record for a change. @throws {FleetError} `conflict` if it is unreadable. */
export function readUnit(item: StoredValue, name: UnitName): StoredUnit {
  try {
    return decodeUnit(item, name);
  } catch (cause) {
    throw new FleetError("conflict", `cannot change "${name}": its record is unreadable`, {
      cause,
      hint: "destroy the unit and submit it again",
    });
  }
}

function rewrite(
  { keys, clock, random }: RegistryOptions,
  {
    name,
    item,
    next,
    change,
  }: {
    readonly name: UnitName;
    readonly item: StoredValue | undefined;
    readonly next: NextRecord;
    readonly change: UnitChange;
  },
): ReadyWrite {
  const trace = random.uuid();
  const record = { ...next, changedAtMs: Math.round(clock.now()), write: trace };
  const operations: WriteOperation[] = [{ kind: "put", key: keys.unit(name), value: encodeUnit(record) }];
  if (change.content !== undefined) {
    const { contentId, text } = change.content;
    operations.push({ kind: "put", key: keys.unitFile(contentId), value: text });
  }
  const effect = item === undefined ? "created" : "changed";
  return { kind: "write", modRevision: item?.modRevision ?? 0, operations, effect, trace };
}

type NextRecord = Pick<UnitRecord, "contentId" | "hash"> & UnitWish;

function nextRecord(name: UnitName, current: UnitRecord | undefined, change: UnitChange): NextRecord {
  const content = change.content ?? current;
  assert(content !== undefined, `a new unit needs content: ${name}`);
  const { contentId, hash } = content;
  const { desiredState, instances, startCount } = nextWish(current, change);
  return { contentId, hash, desiredState, instances, startCount };
}

function isSame(current: UnitRecord, next: NextRecord): boolean {
  const states: readonly DesiredState[] = [current.desiredState, next.desiredState];
  return (
    states[0] === states[1] &&
    current.contentId === next.contentId &&
    current.startCount === next.startCount &&
    // Made anew only if anything in it is.
    current.instances === next.instances
  );
}
