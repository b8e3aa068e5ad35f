import { assert, isFleetError, type UnitName } from "@fleet/core";
import type { Clock, LocalUnit } from "@fleet/core/ports";
import type { DbusConnection } from "./dbus-connection.js";
import { asArray, asBoolean, asHex, asString } from "./dbus-value.js";
import { linkTarget } from "./link-target.js";
import { listUnits, readManagerProperty, readServiceProperties, readUnitProperty } from "./manager-calls.js";
import { SearchPath } from "./search-path.js";
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

/** A row with the name that systemd has for the unit, which may be another one. */
type LoadedRow = ReturnType<typeof readUnitRow>;

/** What is known of a unit before its details. */
interface Found {
  readonly row: UnitRow;
  /** systemd has it in memory, so that there is more to be asked. */
  readonly isHeld: boolean;
  /** The file behind its link, if it was read from a link and nothing else can have been read. */
  readonly target?: string | undefined;
}

const nothingRead: ReadonlyMap<UnitName, LoadedRow> = new Map();

/** What systemd says of a name for which it finds nothing. */
const notFound: UnitRow = {
  loadState: "not-found",
  activeState: "inactive",
  subState: "dead",
  hasJob: false,
};

const isIdle = ({ activeState, hasJob }: UnitRow): boolean => activeState === "inactive" && !hasJob;

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
  #pathOf: DbusConnection | undefined;
  #directories: readonly string[] | undefined;

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
    const path = await this.#searchPath(connection, signal);
    // What systemd holds is described as it is; for the rest it would read the file, so the disk is looked at first.
    const held = await this.#list(connection, new Set(names), signal);
    const found = new Map<UnitName, Found>();
    const unread: UnitName[] = [];
    for (const name of names) {
      const row = held.get(name)?.row;
      const isThere = row !== undefined && (row.loadState !== "not-found" || !isIdle(row));
      if (isThere) found.set(name, { row, isHeld: true });
      else if (path?.find(name).kind === "none") found.set(name, { row: notFound, isHeld: false });
      else unread.push(name);
    }
    const rows = unread.length === 0 ? nothingRead : await this.#load(connection, unread, signal);
    // One name that systemd does not like, or takes for another unit's, spoils the whole answer.
    if (rows === undefined) {
      return new Map(
        names.map((name) => [name, this.#describeAll(connection, [name], signal).then(onlyOf(name))]),
      );
    }
    for (const [name, { id, row }] of rows) {
      const file = id === name ? path?.find(name) : undefined;
      const isHeld = held.has(name) || !isIdle(row);
      found.set(name, { row, isHeld, target: file?.kind === "link" ? file.target : undefined });
    }
    const describe = async (name: UnitName, { row, isHeld, target }: Found): Promise<LocalUnit> => {
      if (isHeld && !(row.loadState === "not-found" && isIdle(row)))
        return await this.#detail(connection, name, row, signal);
      // Whether it is held or not: there is no more to be said of it.
      if (row.loadState === "not-found") return { name, ...row, ...nothingKnown };
      // systemd has read it for this very question.
      const fragmentPath = target ?? (await this.#fragmentPath(connection, name, signal));
      this.#table.expect(name, fragmentPath, this.#clock.monotonic());
      return { name, ...row, ...nothingKnown, fragmentPath };
    };
    return new Map([...found].map(([name, facts]) => [name, describe(name, facts)]));
  }

  /** @returns where systemd looks for unit files; `undefined` if it does not say. It is asked once for each connection. */
  async #searchPath(connection: DbusConnection, signal: AbortSignal): Promise<SearchPath | undefined> {
    if (this.#pathOf !== connection) {
      const directories = await readManagerProperty(connection, "UnitPath", signal)
        .then((value) => asArray(value).map(asString))
        .catch((error: unknown) => {
          if (isFleetError(error, "internal")) return undefined;
          throw error;
        });
      this.#pathOf = connection;
      this.#directories = directories;
    }
    return this.#directories === undefined ? undefined : new SearchPath(this.#directories);
  }

  async #fragmentPath(connection: DbusConnection, name: UnitName, signal: AbortSignal): Promise<string> {
    return linkTarget(await readUnitProperty(connection, name, "FragmentPath", asString, signal))
      .fragmentPath;
  }

  /** Has systemd load units. @returns their rows; `undefined` if several of them have to be asked for one by one. */
  async #load(
    connection: DbusConnection,
    names: readonly UnitName[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<UnitName, LoadedRow> | undefined> {
    const method = { member: "ListUnitsByNames", signature: "as", body: [names] };
    const [only] = names;
    if (names.length === 1 && only !== undefined) {
      // Whatever it calls the unit: one may be another name of another.
      return new Map([[only, await listUnits(connection, method, (rows) => readUnitRow(rows[0]), signal)]]);
    }
    try {
      const rows = await listUnits(connection, method, (list) => list.map(readUnitRow), signal);
      const isEach = rows.length === names.length && rows.every(({ id }, index) => id === names[index]);
      if (isEach) return new Map(rows.map((row) => [row.id as UnitName, row]));
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
