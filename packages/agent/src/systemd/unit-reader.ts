import { assert, isFleetError, type UnitName } from "@fleet/core";
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

/** The most units that one inquiry is about. */
const inquiryMax = 64;

/** How long the announcement that follows the end of a job is waited for before systemd is asked. */
const hearOutMsMax = 100;

type Answers = ReadonlyMap<UnitName, Promise<LocalUnit>>;

/** Questions about several units that are put together. */
interface Inquiry {
  readonly connection: DbusConnection;
  readonly signal: AbortSignal;
  readonly names: Set<UnitName>;
  readonly answers: Promise<Answers>;
}

const nobody: ReadonlyMap<UnitName, { readonly row: UnitRow }> = new Map();

const onlyOf =
  (name: UnitName) =>
  async (answers: Answers): Promise<LocalUnit> => {
    const unit = answers.get(name);
    assert(unit !== undefined, `a question about one unit has one answer: ${name}`);
    return await unit;
  };

const nothingKnown = { fragmentPath: "", invocationId: "", needDaemonReload: false };

/** Describes units, asking systemd only for what signals have not told already. */
export class UnitReader {
  readonly #table: UnitTable;
  readonly #clock: Clock;
  #inquiry: Inquiry | undefined;

  constructor(table: UnitTable, clock: Clock) {
    this.#table = table;
    this.#clock = clock;
  }

  /**
   * Loads and describes one unit; systemd is asked for everything. What is asked at the same moment is asked together.
   * A unit that nothing holds in systemd's memory is read from its file for each question and announced each time, so as
   * few as possible are asked: it cannot have run, nor be older than its file.
   */
  async describe(connection: DbusConnection, name: UnitName, signal: AbortSignal): Promise<LocalUnit> {
    const inquiry = this.#inquiryOf(connection, signal);
    inquiry.names.add(name);
    const unit = (await inquiry.answers).get(name);
    assert(unit !== undefined, `every question has an answer: ${name}`);
    return await unit;
  }

  /** @returns the inquiry that is being put together, if this question can be a part of it, or a new one. */
  #inquiryOf(connection: DbusConnection, signal: AbortSignal): Inquiry {
    const open = this.#inquiry;
    const isRoomy = open !== undefined && open.names.size < inquiryMax;
    if (isRoomy && open.connection === connection && open.signal === signal) return open;
    const names = new Set<UnitName>();
    const answers = Promise.resolve().then(() => {
      if (this.#inquiry === inquiry) this.#inquiry = undefined;
      return this.#describeAll(connection, [...names], signal);
    });
    const inquiry: Inquiry = { connection, signal, names, answers };
    this.#inquiry = inquiry;
    return inquiry;
  }

  async #describeAll(
    connection: DbusConnection,
    names: readonly UnitName[],
    signal: AbortSignal,
  ): Promise<Answers> {
    const rows = await this.#load(connection, names, signal);
    // One name that systemd does not like, or takes for another unit's, spoils the whole answer.
    if (rows === undefined) {
      return new Map(
        names.map((name) => [name, this.#describeAll(connection, [name], signal).then(onlyOf(name))]),
      );
    }
    const isIdle = ({ activeState, hasJob }: UnitRow) => activeState === "inactive" && !hasJob;
    const unclear = [...rows].filter(([, row]) => isIdle(row) && row.loadState !== "not-found");
    const held =
      unclear.length === 0
        ? nobody
        : await this.#list(connection, new Set(unclear.map(([name]) => name)), signal);
    const describe = async (name: UnitName, row: UnitRow): Promise<LocalUnit> => {
      // Whether it is held or not: there is no more to be said of it.
      if (isIdle(row) && row.loadState === "not-found") return { name, ...row, ...nothingKnown };
      const isHeld = held.get(name);
      if (isHeld !== undefined || !isIdle(row))
        return await this.#detail(connection, name, isHeld?.row ?? row, signal);
      const path = await readUnitProperty(connection, name, "FragmentPath", asString, signal);
      // systemd has read it for this very question.
      const { fragmentPath } = linkTarget(path);
      this.#table.expect(name, fragmentPath, this.#clock.monotonic());
      return { name, ...row, ...nothingKnown, fragmentPath };
    };
    return new Map([...rows].map(([name, row]) => [name, describe(name, row)]));
  }

  /** Has systemd load units. @returns their rows; `undefined` if several of them have to be asked for one by one. */
  async #load(
    connection: DbusConnection,
    names: readonly UnitName[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<UnitName, UnitRow> | undefined> {
    const method = { member: "ListUnitsByNames", signature: "as", body: [names] };
    const [only] = names;
    if (names.length === 1 && only !== undefined) {
      // Whatever it calls the unit: one may be another name of another.
      return new Map([
        [only, await listUnits(connection, method, (rows) => readUnitRow(rows[0]).row, signal)],
      ]);
    }
    try {
      const rows = await listUnits(connection, method, (list) => list.map(readUnitRow), signal);
      const isEach = rows.length === names.length && rows.every(({ id }, index) => id === names[index]);
      if (isEach) return new Map(rows.map(({ id, row }) => [id as UnitName, row]));
    } catch (error) {
      const isOfOneUnit = !isFleetError(error, "unavailable") && !isFleetError(error, "deadline-exceeded");
      if (signal.aborted || !isOfOneUnit) throw error;
    }
    return undefined;
  }

  /** Describes those of `names` that systemd has in memory. */
  async describeLoaded(
    connection: DbusConnection,
    names: readonly UnitName[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<UnitName, LocalUnit>> {
    await this.#hearOut(names, signal);
    const units = new Map<UnitName, LocalUnit>();
    const confirmedSinceMs = this.#clock.monotonic() - confirmationMsMax;
    const unsure = new Set<UnitName>();
    for (const name of names) {
      if ((this.#table.goneSinceMs(name) ?? Number.NEGATIVE_INFINITY) > confirmedSinceMs) continue;
      const unit = this.#table.get(name);
      const entry = this.#table.row(name);
      const isCertain = entry !== undefined && entry.confirmedMs > confirmedSinceMs;
      const isOpen = this.#table.lacksOutcome(name) || this.#table.isPassing(name);
      if (unit !== undefined && isCertain && !isOpen) {
        units.set(name, unit);
      } else {
        unsure.add(name);
      }
    }
    await this.#ask(connection, unsure, units, signal);
    // What has left systemd's memory between the questions was described as it never was: partly before, partly after that.
    const vanished = [...unsure].filter((name) => units.has(name) && this.#table.row(name) === undefined);
    for (const name of vanished) units.delete(name);
    await this.#ask(connection, new Set(vanished), units, signal);
    return units;
  }

  /** Asks systemd about units, and enters those that it has in memory into `units`. */
  async #ask(
    connection: DbusConnection,
    names: ReadonlySet<UnitName>,
    units: Map<UnitName, LocalUnit>,
    signal: AbortSignal,
  ): Promise<void> {
    if (names.size === 0) return;
    const rows = await this.#list(connection, names, signal);
    await Promise.all(
      [...rows].map(async ([name, { row, isKnown }]) => {
        const isOpen = this.#table.lacksOutcome(name) || this.#table.isPassing(name);
        const known = isKnown && !isOpen ? this.#table.get(name) : undefined;
        units.set(name, known ?? (await this.#detail(connection, name, row, signal)));
      }),
    );
  }

  /** When a job ends, systemd announces what has become of its unit right after it; that spares the question. */
  async #hearOut(names: readonly UnitName[], signal: AbortSignal): Promise<void> {
    const doubted = names.filter((name) => this.#table.isDoubted(name));
    if (doubted.length === 0) return;
    const waiting = new AbortController();
    const abort = () => waiting.abort(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    const late = this.#clock.sleep(hearOutMsMax, waiting.signal).catch(() => {});
    await Promise.race([late, Promise.all(doubted.map((name) => this.#table.nextWord(name)))]);
    signal.removeEventListener("abort", abort);
    waiting.abort();
    await late;
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
        const nowMs = this.#clock.monotonic();
        for (const name of names) if (!rows.has(name)) this.#table.remove(name, nowMs);
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
    const fragment = linkTarget(path);
    this.#table.enterDetails(name, { fragment, needDaemonReload });
    // The table may know better by now, because signals have come since the row was read.
    const known = this.#table.isPassing(name) ? undefined : this.#table.get(name);
    if (known !== undefined) return known;
    const unit = { name, ...row, ...fragment, invocationId, needDaemonReload };
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
