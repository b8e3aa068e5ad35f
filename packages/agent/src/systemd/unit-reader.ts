import type { UnitName } from "@fleet/core";
import type { Clock, LocalUnit } from "@fleet/core/ports";
import type { DbusConnection } from "./dbus-connection.js";
import { asBoolean, asHex, asString } from "./dbus-value.js";
import { linkTarget } from "./link-target.js";
import { listUnits, readServiceProperties, readUnitProperty } from "./manager-calls.js";
import {
  isSameRow,
  readOutcome,
  readUnitRow,
  tellsOutcome,
  type UnitRow,
  type UnitTable,
} from "./unit-table.js";

/** What was learnt from a signal or an answer is good for this long before systemd is asked again. */
const confirmationMsMax = 30_000;

/** Above this number one listing of everything is cheaper for systemd than matching each name against each unit. */
const patternsMax = 32;

const nothingKnown = { fragmentPath: "", invocationId: "", needDaemonReload: false };

/** Describes units, asking systemd only for what signals have not told already. */
export class UnitReader {
  readonly #table: UnitTable;
  readonly #clock: Clock;

  constructor(table: UnitTable, clock: Clock) {
    this.#table = table;
    this.#clock = clock;
  }

  /**
   * Loads and describes one unit; systemd is asked for everything.
   * A unit that nothing holds in systemd's memory is read from its file for each question and announced each time, so as
   * few as possible are asked: it cannot have run, nor be older than its file.
   */
  async describe(connection: DbusConnection, name: UnitName, signal: AbortSignal): Promise<LocalUnit> {
    const row = await listUnits(
      connection,
      { member: "ListUnitsByNames", signature: "as", body: [[name]] },
      (rows) => readUnitRow(rows[0]).row,
      signal,
    );
    const isIdle = row.activeState === "inactive" && !row.hasJob;
    // Whether it is held or not: there is no more to be said of it.
    if (isIdle && row.loadState === "not-found") return { name, ...row, ...nothingKnown };
    const held = (await this.#list(connection, new Set([name]), signal)).get(name);
    if (held !== undefined || !isIdle) return this.#detail(connection, name, held?.row ?? row, signal);
    const path = await readUnitProperty(connection, name, "FragmentPath", asString, signal);
    const fragmentPath = linkTarget(path);
    return { name, ...row, ...nothingKnown, fragmentPath };
  }

  /** Describes those of `names` that systemd has in memory. */
  async describeLoaded(
    connection: DbusConnection,
    names: readonly UnitName[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<UnitName, LocalUnit>> {
    const units = new Map<UnitName, LocalUnit>();
    const confirmedSinceMs = this.#clock.monotonic() - confirmationMsMax;
    const unsure = new Set<UnitName>();
    for (const name of names) {
      const unit = this.#table.get(name);
      const entry = this.#table.row(name);
      const isCertain = entry !== undefined && entry.confirmedMs > confirmedSinceMs;
      if (unit !== undefined && isCertain && !this.#table.lacksOutcome(name)) {
        units.set(name, unit);
      } else {
        unsure.add(name);
      }
    }
    if (unsure.size === 0) return units;
    const rows = await this.#list(connection, unsure, signal);
    await Promise.all(
      [...rows].map(async ([name, { row, isKnown }]) => {
        const known = isKnown && !this.#table.lacksOutcome(name) ? this.#table.get(name) : undefined;
        units.set(name, known ?? (await this.#detail(connection, name, row, signal)));
      }),
    );
    return units;
  }

  #list(
    connection: DbusConnection,
    names: ReadonlySet<UnitName>,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<UnitName, { readonly row: UnitRow; readonly isKnown: boolean }>> {
    const method =
      names.size > patternsMax
        ? { member: "ListUnits" }
        : {
            member: "ListUnitsByPatterns",
            signature: "asas",
            // No character of a unit name means anything in a pattern: systemd matches without escapes.
            body: [[], [...names]],
          };
    return listUnits(
      connection,
      method,
      (list) => {
        const rows = new Map<UnitName, { row: UnitRow; isKnown: boolean }>();
        for (const item of list) {
          const { id, row } = readUnitRow(item);
          const name = id as UnitName;
          if (!names.has(name)) continue;
          const before = this.#table.row(name);
          rows.set(name, { row, isKnown: before !== undefined && isSameRow(before.row, row) });
          this.#enter(name, row);
        }
        for (const name of names) if (!rows.has(name)) this.#table.remove(name);
        return rows;
      },
      signal,
    );
  }

  async #detail(
    connection: DbusConnection,
    name: UnitName,
    row: UnitRow,
    signal: AbortSignal,
  ): Promise<LocalUnit> {
    const [path, invocationId, needDaemonReload, outcome] = await Promise.all([
      readUnitProperty(connection, name, "FragmentPath", asString, signal),
      readUnitProperty(
        connection,
        name,
        "InvocationID",
        (value) => {
          const invocationId = asHex(value);
          this.#table.enterDetails(name, { invocationId });
          return invocationId;
        },
        signal,
      ),
      readUnitProperty(connection, name, "NeedDaemonReload", asBoolean, signal),
      tellsOutcome(name, row) ? this.#outcome(connection, name, signal) : undefined,
    ]);
    const fragmentPath = linkTarget(path);
    this.#table.enterDetails(name, { fragmentPath, needDaemonReload });
    // The table may know better by now, because signals have come since the row was read.
    const known = this.#table.get(name);
    if (known !== undefined) return known;
    const unit = { name, ...row, fragmentPath, invocationId, needDaemonReload };
    return outcome === undefined ? unit : { ...unit, outcome };
  }

  #outcome(connection: DbusConnection, name: UnitName, signal: AbortSignal) {
    const read = (properties: Readonly<Record<string, unknown>>) => {
      this.#table.enterOutcome(name, properties);
      return readOutcome(properties);
    };
    return readServiceProperties(connection, name, read, signal);
  }

  #enter(name: UnitName, row: UnitRow): void {
    this.#table.enterRow(name, row, this.#clock.monotonic());
  }
}
