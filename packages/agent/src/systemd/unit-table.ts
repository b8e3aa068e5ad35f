import type { UnitName } from "@fleet/core";
import type { LocalUnit, UnitOutcome } from "@fleet/core/ports";
import { asArray, asHex, asNumber, asString, unwrap } from "./dbus-value.js";
import type { Interests } from "./early-filter.js";
import type { FragmentFacts } from "./link-target.js";

/** The parts of a unit's description that one row of systemd's listings has. */
export type UnitRow = Pick<LocalUnit, "loadState" | "activeState" | "subState" | "hasJob">;

/** The parts that have to be asked for one by one. */
export type UnitDetails = Pick<LocalUnit, "invocationId" | "needDaemonReload"> & {
  readonly fragment: FragmentFacts;
};

interface Entry {
  row: UnitRow;
  details: Partial<UnitDetails>;
  outcome: UnitOutcome | undefined;
  confirmedMs: number;
  /** If the unit is at rest, it is there to stay. */
  isRestSure: boolean;
}

/** A file from which systemd would load a unit that it does not hold in memory, and when it said so. */
interface Expectation {
  readonly fragmentPath: string;
  readonly sinceMs: number;
}

/** What systemd has said of the file of a unit that was not in its memory holds for its next load within this time. */
const expectationMsMax = 10_000;

/** Names of units that are not in systemd's memory are looked through for old ones when there are so many. */
const namesMax = 4_096;

/**
 * What is known of the units somebody has asked about, kept up to date by signals, so that a change costs no calls.
 * Everything must be entered in the order in which the messages arrived.
 */
export class UnitTable implements Interests {
  readonly #entries = new Map<UnitName, Entry>();
  readonly #expected = new Map<UnitName, Expectation>();
  /** Units that systemd has dropped from its memory, and when. */
  readonly #gone = new Map<UnitName, number>();
  readonly #waiting = new Map<UnitName, (() => void)[]>();

  /** Enters a row of a listing. */
  enterRow(name: UnitName, row: UnitRow, nowMs: number): void {
    this.#settle(name);
    this.#gone.delete(name);
    const entry = this.#entries.get(name);
    if (entry === undefined) {
      const isRestSure = isAtRest(row);
      this.#entries.set(name, { row, details: {}, outcome: undefined, confirmedMs: nowMs, isRestSure });
    } else {
      entry.row = row;
      entry.confirmedMs = nowMs;
      entry.isRestSure = isAtRest(row);
    }
  }

  /** Enters details, unless the unit has vanished meanwhile. */
  enterDetails(name: UnitName, details: Partial<UnitDetails>): void {
    const entry = this.#entries.get(name);
    if (entry !== undefined) entry.details = { ...entry.details, ...details };
  }

  /** Enters a change that systemd announced. */
  enterChange(name: UnitName, changed: Readonly<Record<string, unknown>>, nowMs: number): void {
    this.#settle(name);
    const entry = this.#entries.get(name) ?? this.#begin(name, changed, nowMs);
    if (entry === undefined) return;
    entry.row = {
      loadState: entry.row.loadState,
      activeState:
        changed.ActiveState === undefined ? entry.row.activeState : asString(unwrap(changed.ActiveState)),
      subState: changed.SubState === undefined ? entry.row.subState : asString(unwrap(changed.SubState)),
      hasJob: changed.Job === undefined ? entry.row.hasJob : asNumber(asArray(unwrap(changed.Job))[0]) !== 0,
    };
    if (changed.InvocationID !== undefined) {
      entry.details = { ...entry.details, invocationId: asHex(unwrap(changed.InvocationID)) };
    }
    if (!isAtRest(entry.row)) entry.isRestSure = false;
    entry.confirmedMs = nowMs;
  }

  /** Enters what was learnt of a service's process: all of it, or what a signal says has changed. */
  enterOutcome(name: UnitName, properties: Readonly<Record<string, unknown>>): void {
    const entry = this.#entries.get(name);
    if (entry !== undefined) entry.outcome = readOutcome(properties, entry.outcome);
  }

  /** @returns the unit if everything about it is known. */
  get(name: UnitName): LocalUnit | undefined {
    const entry = this.#entries.get(name);
    if (entry === undefined) return undefined;
    const { fragment, invocationId, needDaemonReload } = entry.details;
    if (fragment === undefined || invocationId === undefined || needDaemonReload === undefined) {
      return undefined;
    }
    const unit = { name, ...entry.row, ...fragment, invocationId, needDaemonReload };
    if (entry.outcome === undefined || !tellsOutcome(name, entry.row)) return unit;
    return { ...unit, outcome: entry.outcome };
  }

  /** The unit has ended in a way that is worth telling, and systemd has not been asked for it. */
  lacksOutcome(name: UnitName): boolean {
    const entry = this.#entries.get(name);
    return entry !== undefined && entry.outcome === undefined && tellsOutcome(name, entry.row);
  }

  /** @returns the row alone, with the moment at which it was last confirmed. */
  row(name: UnitName): { readonly row: UnitRow; readonly confirmedMs: number } | undefined {
    return this.#entries.get(name);
  }

  /** @returns which of the unit's runs is the last; empty if that is not known. */
  invocationId(name: UnitName): string {
    return this.#entries.get(name)?.details.invocationId ?? "";
  }

  /**
   * What is known of the unit is about to change: until then systemd has to be asked.
   * @param isStopped - It was stopped: systemd does not start it again by itself.
   */
  doubt(name: UnitName, isStopped: boolean): void {
    const entry = this.#entries.get(name);
    if (entry === undefined) return;
    entry.confirmedMs = Number.NEGATIVE_INFINITY;
    entry.isRestSure = isStopped;
  }

  /**
   * The unit has ended, as far as signals tell. With `Restart=` that is announced in the middle of systemd's work on it, a
   * moment before it waits for its restart; what systemd answers is never of such a moment.
   */
  isPassing(name: UnitName): boolean {
    const entry = this.#entries.get(name);
    return entry !== undefined && isAtRest(entry.row) && !entry.isRestSure;
  }

  /** Changes of units that nobody has asked about are of no use: whoever asks is told of the unit as it is then. */
  inUnit(name: string): boolean {
    return this.#entries.has(name as UnitName) || this.#expected.has(name as UnitName);
  }

  /** How a process ended is asked for once, and kept up to date from then on. */
  inService(name: string): boolean {
    return this.#entries.get(name as UnitName)?.outcome !== undefined;
  }

  /** What is known of the unit is of the time before its newest job ended. */
  isDoubted(name: UnitName): boolean {
    return this.#entries.get(name)?.confirmedMs === Number.NEGATIVE_INFINITY;
  }

  /** Resolves with systemd's next word on the unit, whatever it is, or with the end of the connection. */
  nextWord(name: UnitName): Promise<void> {
    return new Promise((resolve) => {
      const others = this.#waiting.get(name);
      if (others === undefined) this.#waiting.set(name, [resolve]);
      else others.push(resolve);
    });
  }

  /**
   * Enters from which file a unit would be loaded that nothing holds in systemd's memory: if it is loaded soon, to be
   * started, that need not be asked again.
   */
  expect(name: UnitName, fragmentPath: string, nowMs: number): void {
    if (this.#expected.size >= namesMax) {
      for (const [other, { sinceMs }] of this.#expected)
        if (nowMs - sinceMs > expectationMsMax) this.#expected.delete(other);
    }
    this.#expected.set(name, { fragmentPath, sinceMs: nowMs });
  }

  /** Whether the next load of the unit is no news. */
  isExpected(name: UnitName, nowMs: number): boolean {
    const sinceMs = this.#expected.get(name)?.sinceMs ?? Number.NEGATIVE_INFINITY;
    return nowMs - sinceMs <= expectationMsMax;
  }

  /** The unit is in systemd's memory. */
  enterLoad(name: UnitName): void {
    this.#gone.delete(name);
  }

  /** @returns when systemd has dropped the unit from its memory, if it has and that is known. */
  goneSinceMs(name: UnitName): number | undefined {
    return this.#gone.get(name);
  }

  /** The unit is no longer in systemd's memory. */
  remove(name: UnitName, nowMs: number): void {
    this.#settle(name);
    const isKnown = this.#entries.delete(name) || this.isExpected(name, nowMs);
    if (!isKnown) return;
    if (this.#gone.size >= namesMax) {
      for (const [other, sinceMs] of this.#gone)
        if (nowMs - sinceMs > expectationMsMax) this.#gone.delete(other);
    }
    this.#gone.set(name, nowMs);
  }

  clear(): void {
    for (const name of [...this.#waiting.keys()]) this.#settle(name);
    this.#entries.clear();
    this.#expected.clear();
    this.#gone.clear();
  }

  /**
   * Makes the entry of a unit that was expected and is active or on its way: then it was loaded from its file a moment ago,
   * and everything else is in the signal.
   */
  #begin(name: UnitName, changed: Readonly<Record<string, unknown>>, nowMs: number): Entry | undefined {
    const expected = this.#expected.get(name);
    if (expected === undefined || !this.isExpected(name, nowMs)) return undefined;
    const { ActiveState, SubState, Job, InvocationID } = changed;
    if (ActiveState === undefined || SubState === undefined || Job === undefined) return undefined;
    const activeState = asString(unwrap(ActiveState));
    if (InvocationID === undefined || activeState === "inactive" || activeState === "failed")
      return undefined;
    this.#expected.delete(name);
    const entry: Entry = {
      row: { loadState: "loaded", activeState, subState: "", hasJob: false },
      details: { fragment: { fragmentPath: expected.fragmentPath }, needDaemonReload: false },
      outcome: undefined,
      confirmedMs: nowMs,
      isRestSure: false,
    };
    this.#entries.set(name, entry);
    return entry;
  }

  #settle(name: UnitName): void {
    const waiting = this.#waiting.get(name);
    if (waiting === undefined) return;
    this.#waiting.delete(name);
    for (const resolve of waiting) resolve();
  }
}

function isAtRest({ activeState, hasJob }: UnitRow): boolean {
  return (activeState === "inactive" || activeState === "failed") && !hasJob;
}

/** Whether there is anything to say of how a unit's process ended. */
export function tellsOutcome(name: UnitName, { activeState, subState }: UnitRow): boolean {
  return name.endsWith(".service") && (activeState === "failed" || subState === "auto-restart");
}

/** As the kernel tells how a child ended: by `exit`, by a signal, by a signal with a core dump. */
const ends: Readonly<Record<number, UnitOutcome["end"]>> = { 1: "exited", 2: "killed", 3: "killed" };

/** Reads how a service ended from its properties. @param before - Holds what they do not mention. */
export function readOutcome(
  properties: Readonly<Record<string, unknown>>,
  before?: UnitOutcome,
): UnitOutcome {
  const { Result, ExecMainCode, ExecMainStatus, NRestarts } = properties;
  return {
    result: Result === undefined ? (before?.result ?? "") : asString(unwrap(Result)),
    end:
      ExecMainCode === undefined ? (before?.end ?? "none") : (ends[asNumber(unwrap(ExecMainCode))] ?? "none"),
    status: ExecMainStatus === undefined ? (before?.status ?? 0) : asNumber(unwrap(ExecMainStatus)),
    restarts: NRestarts === undefined ? (before?.restarts ?? 0) : asNumber(unwrap(NRestarts)),
  };
}

/** Reads a row of `ListUnits` and its relatives. @returns the unit's name, which is no alias, and the facts. */
export function readUnitRow(value: unknown): { readonly id: string; readonly row: UnitRow } {
  const fields = asArray(value);
  return {
    id: asString(fields[0]),
    row: {
      loadState: asString(fields[2]),
      activeState: asString(fields[3]),
      subState: asString(fields[4]),
      hasJob: asNumber(fields[7]) !== 0,
    },
  };
}

/** Says whether two rows say the same. */
export function isSameRow(a: UnitRow, b: UnitRow): boolean {
  return (
    a.loadState === b.loadState &&
    a.activeState === b.activeState &&
    a.subState === b.subState &&
    a.hasJob === b.hasJob
  );
}
