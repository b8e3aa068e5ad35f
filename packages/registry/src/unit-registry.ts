import {
  assert,
  type DesiredState,
  FleetError,
  isFleetError,
  type MachineId,
  type MachinePolicy,
  nextWish,
  type UnitName,
  type UnitRecord,
  type UnitWish,
} from "@fleet/core";
import type {
  AcceptOutcome,
  MachineStanding,
  MetadataChange,
  UnitChange,
  UnitRegistry,
  WriteOutcome,
} from "@fleet/core/ports";
import { acceptAll, acceptMachine, frozenMachines } from "./acceptance.js";
import { decodeMark, decodeUnit, encodeMark, encodeUnit, type StoredUnit } from "./codec.js";
import { changeMachinePolicy } from "./policy-change.js";
import type { RegistryOptions } from "./registry-options.js";
import { type Operation, type StoredValue, type TransactionResult, transactionLimit } from "./store.js";

/** A change that loses this many races in a row is given back to the caller. */
const attemptsMax = 20;

/** Opens the writes of an API server. */
export function createUnitRegistry(options: RegistryOptions): UnitRegistry {
  return new StoredUnitRegistry(options);
}

class StoredUnitRegistry implements UnitRegistry {
  readonly #options: RegistryOptions;

  constructor(options: RegistryOptions) {
    this.#options = options;
  }

  async changeUnit(
    name: UnitName,
    decide: (current: UnitRecord | undefined) => UnitChange | undefined,
    signal: AbortSignal,
  ): Promise<WriteOutcome> {
    const { trust, keys } = this.#options;
    /** The names of our writes whose outcome is not known. */
    const pending = new Map<string, WriteOutcome["effect"]>();
    for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
      const { item, revision } = await this.#read(keys.unit(name), signal);
      const current = item === undefined ? undefined : readUnit(item, name);
      const landed = pending.get(current?.write ?? "");
      if (current !== undefined && landed !== undefined) {
        return { revision: current.modRevision, effect: landed };
      }
      const change = decide(current);
      if (change === undefined) return { revision, effect: "unchanged" };
      const next = nextRecord(name, current, change);
      if (current !== undefined && isSame(current, next) && (await this.#hasText(change, signal))) {
        return { revision, effect: "unchanged" };
      }
      const write = this.#options.random.uuid();
      const effect = current === undefined ? "created" : "changed";
      pending.set(write, effect);
      const success: Operation[] = [
        { kind: "put", key: keys.unit(name), value: encodeUnit({ ...next, ...this.#stamp(), write }) },
      ];
      if (change.content !== undefined) {
        const { contentId, text } = change.content;
        success.push({ kind: "put", key: keys.unitFile(contentId), value: text });
      }
      const done = await this.#tryCommit(
        { key: keys.unit(name), modRevision: item?.modRevision ?? 0, success },
        signal,
      );
      if (done?.succeeded === true) return { revision: done.revision, effect };
      trust.throwIfDistrusted();
    }
    throw contended(`change "${name}"`);
  }

  async destroyUnit(name: UnitName, signal: AbortSignal): Promise<WriteOutcome> {
    const { keys } = this.#options;
    const pending = new Set<number>();
    for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
      const { item } = await this.#read(keys.unit(name), signal);
      if (item === undefined) {
        const mark = pending.size === 0 ? undefined : (await this.#read(keys.mark(name), signal)).item;
        if (mark !== undefined && pending.has(decodeMark(mark, name).recordRevision)) {
          return { revision: mark.modRevision, effect: "changed" };
        }
        throw new FleetError("not-found", `cannot destroy "${name}": there is no such unit`);
      }
      pending.add(item.modRevision);
      const success: Operation[] = [
        { kind: "delete", key: keys.unit(name) },
        { kind: "put", key: keys.mark(name), value: encodeMark(item.modRevision) },
      ];
      const done = await this.#tryCommit(
        { key: keys.unit(name), modRevision: item.modRevision, success },
        signal,
      );
      if (done?.succeeded === true) return { revision: done.revision, effect: "changed" };
    }
    throw contended(`destroy "${name}"`);
  }

  async changeMetadata(changes: readonly MetadataChange[], signal: AbortSignal): Promise<WriteOutcome> {
    const { trust, keys } = this.#options;
    // A later change of the same key wins, since a transaction may write each key only once.
    const byKey = new Map(
      changes.map((change) => [keys.metadataValue(change.machine, change.key), change.value]),
    );
    if (byKey.size > transactionLimit) {
      throw new FleetError("invalid-argument", `cannot change more than ${transactionLimit} values at once`);
    }
    const success = [...byKey].map(
      ([key, value]): Operation =>
        value === undefined ? { kind: "delete", key } : { kind: "put", key, value },
    );
    for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
      // The last word counts. One that arrives late is not the last: what was written after it was said stays.
      const { revision: seen } = await this.#read(keys.cluster, signal);
      const compare = [...byKey.keys()].map(
        (key) => ({ key, target: "mod", is: "<", operand: seen + 1 }) as const,
      );
      const { succeeded, revision } = await trust.store.transact({ compare, success }, signal);
      if (succeeded) return { revision, effect: success.length === 0 ? "unchanged" : "changed" };
    }
    throw contended("change metadata");
  }

  changeMachinePolicy(
    machine: MachineId,
    decide: (current: MachinePolicy, standing: MachineStanding) => MachinePolicy,
    signal: AbortSignal,
  ): Promise<WriteOutcome> {
    return changeMachinePolicy(this.#options, machine, decide, signal);
  }

  async forgetMachine(machine: MachineId, signal: AbortSignal): Promise<WriteOutcome> {
    const { trust, keys } = this.#options;
    const [record, presence] = [keys.machineRecord(machine), keys.presence(machine)];
    for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
      const { item } = await this.#read(record, signal);
      const { succeeded, revision, results } = await trust.store.transact(
        {
          compare: [
            { key: presence, target: "create", is: "=", operand: 0 },
            // Written anew when a machine is back: this absence is meant, and no later one.
            { key: record, target: "mod", is: "=", operand: item?.modRevision ?? 0 },
          ],
          success: [
            { kind: "get", prefix: keys.seats(machine), limit: 1 },
            { kind: "delete", key: record },
            { kind: "delete", key: keys.policy(machine) },
            { kind: "delete", prefix: keys.machineMetadata(machine) },
            { kind: "delete", prefix: keys.seats(machine) },
            { kind: "delete", prefix: keys.states(machine) },
          ],
          failure: [{ kind: "get", key: presence }],
        },
        signal,
      );
      if (succeeded && item === undefined && results[0]?.length === 0) {
        throw new FleetError("not-found", `cannot forget machine "${machine}": it is not known`);
      }
      if (succeeded) return { revision, effect: "changed" };
      if (results[0]?.length === 0) continue;
      throw new FleetError("conflict", `cannot forget machine "${machine}": it is present`, {
        hint: "stop fleetd there first, and wait until the machine is no longer listed",
      });
    }
    throw contended(`forget machine "${machine}"`);
  }

  async accept(machine: MachineId | undefined, signal: AbortSignal): Promise<AcceptOutcome> {
    if (machine === undefined) return { ...(await acceptAll(this.#options, signal)), stillFrozen: [] };
    const outcome = await acceptMachine(this.#options, machine, signal);
    const frozen = await frozenMachines(this.#options, signal);
    return { ...outcome, stillFrozen: frozen.filter((other) => other !== machine) };
  }

  async #read(
    key: string,
    signal: AbortSignal,
  ): Promise<{ readonly item: StoredValue | undefined; readonly revision: number }> {
    const { items, revision } = await this.#options.trust.store.range({ key }, signal);
    return { item: items[0], revision };
  }

  /** @returns `undefined` if the answer was lost: read again, and look for what the write would have left. */
  async #tryCommit(
    commit: { readonly key: string; readonly modRevision: number; readonly success: readonly Operation[] },
    signal: AbortSignal,
  ): Promise<TransactionResult | undefined> {
    const { key, modRevision, success } = commit;
    const { trust } = this.#options;
    try {
      const compare = [{ key, target: "mod", is: "=", operand: modRevision }] as const;
      return await trust.store.transact({ compare, success }, signal);
    } catch (error) {
      if (!isFleetError(error, "unavailable")) throw error;
      trust.throwIfDistrusted();
      return undefined;
    }
  }

  /** Says whether the text that a change brings is stored; it may have been lost while its unit was kept. */
  async #hasText(change: UnitChange, signal: AbortSignal): Promise<boolean> {
    if (change.content === undefined) return true;
    const key = this.#options.keys.unitFile(change.content.contentId);
    const { count } = await this.#options.trust.store.range({ key, keysOnly: true }, signal);
    return count > 0;
  }

  #stamp(): { readonly changedAtMs: number } {
    return { changedAtMs: Math.round(this.#options.clock.now()) };
  }
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

function readUnit(item: StoredValue, name: UnitName): StoredUnit {
  try {
    return decodeUnit(item, name);
  } catch (cause) {
    throw new FleetError("conflict", `cannot change "${name}": its record is unreadable`, {
      cause,
      hint: "destroy the unit and submit it again",
    });
  }
}

function contended(what: string): FleetError {
  return new FleetError("conflict", `cannot ${what}: others change it all the time`);
}
