import { FleetError, type MachineId, type MachinePolicy, type UnitName, type UnitRecord } from "@fleet/core";
import type {
  AcceptOutcome,
  MachineStanding,
  MetadataChange,
  UnitChange,
  UnitRegistry,
  UnitWrite,
  UnitWriteResult,
  WriteOutcome,
} from "@fleet/core/ports";
import { acceptAll, acceptMachine, frozenMachines } from "./acceptance.js";
import { changeMachinePolicy } from "./policy-change.js";
import type { RegistryOptions } from "./registry-options.js";
import { type Operation, type StoredValue, transactionLimit } from "./store.js";
import { contended, writeAlone } from "./unit-write-alone.js";
import { writeTogether } from "./unit-write-together.js";

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

  changeUnit(
    name: UnitName,
    decide: (current: UnitRecord | undefined) => UnitChange | undefined,
    signal: AbortSignal,
  ): Promise<WriteOutcome> {
    return writeAlone(this.#options, { kind: "change", name, decide }, signal);
  }

  destroyUnit(name: UnitName, signal: AbortSignal): Promise<WriteOutcome> {
    return writeAlone(this.#options, { kind: "destroy", name }, signal);
  }

  writeUnits(writes: readonly UnitWrite[], signal: AbortSignal): Promise<readonly UnitWriteResult[]> {
    return writeTogether(this.#options, writes, signal);
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
}
