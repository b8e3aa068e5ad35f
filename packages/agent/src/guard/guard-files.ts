import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type UnitName, unitNameProblem } from "@fleet/core";

/** What fleetd tells the guard of its lease. */
export interface GuardFeed {
  /** The kernel's: deadlines of another boot mean nothing. */
  readonly bootId: string;
  /** Until when, on `boottime`, the exclusive units may run. */
  readonly validUntilMs: number;
  /** How long they may take to stop after that. */
  readonly stopMaxMs: number;
}

/** What the guard says of itself. */
export interface GuardReport {
  readonly bootId: string;
  readonly pid: number;
  /** The deadline it goes by, on `boottime`; absent if it has none. */
  readonly validUntilMs?: number;
  /** The newest deadline that it has seen pass, and has begun to act on. */
  readonly expiredMs?: number;
  /** Units that it is stopping and that have not been seen to be gone. */
  readonly stopping: readonly UnitName[];
}

/**
 * The directory through which fleetd and the guard speak: neither waits for the other, and each finds what the other has said
 * before it began. Each file has one writer and is replaced as a whole. What cannot be understood counts as not there.
 *
 * `feed.json` and `units.json` are fleetd's; `report.json` is the guard's. Marks in `stopped/` are made by the guard and
 * removed by fleetd. What is in `env/` is written by fleetd and removed by both.
 */
export class GuardFiles {
  readonly #directory: string;
  readonly #writer: string;

  /** @param writer - Tells the two sides' files apart while they are being written. */
  constructor(directory: string, writer: "fleetd" | "guard") {
    this.#directory = directory;
    this.#writer = writer;
  }

  /** Where units find their fencing token: systemd puts the unit's name in. */
  get environmentPattern(): string {
    return `${join(this.#directory, "env").replaceAll("%", "%%")}/%n`;
  }

  async readFeed(): Promise<GuardFeed | undefined> {
    const { bootId, validUntilMs, stopMaxMs } = asRecord(await this.#readJson("feed.json"));
    if (typeof bootId !== "string" || !isTime(validUntilMs) || !isTime(stopMaxMs)) return undefined;
    return { bootId, validUntilMs, stopMaxMs };
  }

  async writeFeed(feed: GuardFeed): Promise<void> {
    await this.#replace("feed.json", JSON.stringify(feed));
  }

  /** The units to be guarded; `undefined` if there is no list that can be read, or it is another boot's. */
  async readUnits(bootId: string): Promise<readonly UnitName[] | undefined> {
    const { bootId: written, units } = asRecord(await this.#readJson("units.json"));
    return written === bootId ? asNames(units) : undefined;
  }

  async writeUnits(bootId: string, units: readonly UnitName[]): Promise<void> {
    await this.#replace("units.json", JSON.stringify({ bootId, units }));
  }

  async readReport(): Promise<GuardReport | undefined> {
    const { bootId, pid, validUntilMs, expiredMs, stopping } = asRecord(await this.#readJson("report.json"));
    const names = asNames(stopping);
    if (typeof bootId !== "string" || typeof pid !== "number" || names === undefined) return undefined;
    return {
      bootId,
      pid,
      stopping: names,
      ...(isTime(validUntilMs) ? { validUntilMs } : {}),
      ...(isTime(expiredMs) ? { expiredMs } : {}),
    };
  }

  async writeReport(report: GuardReport): Promise<void> {
    await this.#replace("report.json", JSON.stringify(report));
  }

  /** The units that the guard has stopped, or was too late to see stop, and that fleetd has not dealt with. */
  async stoppedUnits(): Promise<readonly UnitName[]> {
    return asNames(await readdir(join(this.#directory, "stopped")).catch(() => [])) ?? [];
  }

  async markStopped(unit: UnitName): Promise<void> {
    await this.#replace(join("stopped", unit), "");
  }

  async clearStopped(unit: UnitName): Promise<void> {
    await rm(join(this.#directory, "stopped", unit), { force: true });
  }

  /** Writes what the unit finds in its environment. Only letters, digits and dashes may stand in a value. */
  async writeEnvironment(unit: UnitName, variables: Readonly<Record<string, string>>): Promise<void> {
    const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}\n`);
    await this.#replace(join("env", unit), lines.join(""));
  }

  /** The units that find something in their environment. */
  async tokenedUnits(): Promise<readonly UnitName[]> {
    return asNames(await readdir(join(this.#directory, "env")).catch(() => [])) ?? [];
  }

  /** What a unit found in its environment when it was started last; empty if nothing is known. */
  async readEnvironment(unit: UnitName): Promise<string> {
    return await readFile(join(this.#directory, "env", unit), "utf8").catch(() => "");
  }

  async removeEnvironment(unit: UnitName): Promise<void> {
    await rm(join(this.#directory, "env", unit), { force: true });
  }

  async #readJson(name: string): Promise<unknown> {
    try {
      return JSON.parse(await readFile(join(this.#directory, name), "utf8"));
    } catch {
      // Not there, not readable, not whole: whoever asks must be on the safe side of that.
      return undefined;
    }
  }

  async #replace(name: string, text: string): Promise<void> {
    const path = join(this.#directory, name);
    const beside = join(this.#directory, `.${this.#writer}-${name.replaceAll("/", "-")}`);
    try {
      await writeFile(beside, text, { mode: 0o644 });
      await rename(beside, path);
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
      await mkdir(dirname(path), { recursive: true, mode: 0o755 });
      await writeFile(beside, text, { mode: 0o644 });
      await rename(beside, path);
    }
  }
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function isTime(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}

function asNames(value: unknown): readonly UnitName[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.filter(
    (name): name is UnitName => typeof name === "string" && unitNameProblem(name) === undefined,
  );
}
