import { FleetError, isFleetError, type UnitName } from "@fleet/core";
import type { LocalUnit, UnitDirectory, UnitManager } from "@fleet/core/ports";
import type { LocalFile } from "../plan/machine-view.js";

/** A unit to be put on the disk and made known to systemd. */
export interface LoadRequest {
  readonly unit: UnitName;
  readonly text: string;
  readonly file: LocalFile;
  /** What is on the disk now, if anything. */
  readonly before: LocalFile | undefined;
}

/** What became of it. `refused`: the name belongs to this machine, and nothing of ours was left there. */
export type LoadOutcome =
  | { readonly kind: "loaded"; readonly local: LocalUnit }
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "failed"; readonly error: unknown };

interface Entry {
  readonly request: LoadRequest;
  readonly finish: (outcome: LoadOutcome) => void;
}

/** How many units one batch takes, so that the first of many is not held up by the last. */
const batchUnitsMax = 64;

/**
 * Loads units in batches: whatever is asked for while a batch is under way forms the next one. A batch makes systemd read
 * its files again at most once, and only if a unit needs it. A unit that fails does not touch the others.
 */
export class UnitLoader {
  readonly #units: UnitManager;
  readonly #directory: UnitDirectory;
  readonly #queue: Entry[] = [];
  #isWorking = false;
  /** Reloads so far, for metrics. */
  reloads = 0;

  constructor(units: UnitManager, directory: UnitDirectory) {
    this.#units = units;
    this.#directory = directory;
  }

  /** @param signal - One signal for all requests; when it is aborted, what is left ends as failed. */
  load(request: LoadRequest, signal: AbortSignal): Promise<LoadOutcome> {
    return new Promise((finish, reject) => {
      this.#queue.push({ request, finish });
      if (!this.#isWorking) this.#work(signal).catch(reject);
    });
  }

  async #work(signal: AbortSignal): Promise<void> {
    this.#isWorking = true;
    try {
      while (this.#queue.length > 0) await this.#batch(this.#queue.splice(0, batchUnitsMax), signal);
    } finally {
      this.#isWorking = false;
    }
  }

  async #batch(entries: readonly Entry[], signal: AbortSignal): Promise<void> {
    let rest = await this.#each(entries, (entry) => this.#checkName(entry, signal));
    rest = await this.#each(rest, (entry) => this.#write(entry, signal));
    rest = await this.#together(rest, (paths) => this.#units.link(paths, signal));
    const enabled = await this.#together(
      rest.filter(({ request }) => request.file.hasInstall),
      (paths) => this.#units.enable(paths, signal),
    );
    rest = rest.filter((entry) => !entry.request.file.hasInstall || enabled.includes(entry));
    const stale: Entry[] = [];
    await this.#each(rest, async (entry) => {
      const local = await this.#units.describe(entry.request.unit, signal);
      if (local.loadState === "not-found" || local.needDaemonReload) stale.push(entry);
      else await this.#conclude(entry, local, signal);
      return true;
    });
    if (stale.length > 0) await this.#reload(stale, signal);
  }

  /** A name is free if systemd knows nothing by it, or has it from our own file. */
  async #checkName({ request, finish }: Entry, signal: AbortSignal): Promise<boolean> {
    const local = await this.#units.describe(request.unit, signal);
    const isFree = local.loadState === "not-found" && local.activeState === "inactive";
    if (isFree || local.fragmentPath === this.#directory.pathOf(request.unit)) return true;
    finish({ kind: "refused", reason: taken(request.unit, local) });
    return false;
  }

  async #write({ request }: Entry, signal: AbortSignal): Promise<boolean> {
    const { unit, text, file, before } = request;
    if (before?.contentId === file.contentId) return true;
    // Links by the old [Install] section would stay behind.
    if (before?.hasInstall === true) await this.#units.disable([unit], signal);
    await this.#directory.write(unit, text);
    return true;
  }

  async #reload(entries: readonly Entry[], signal: AbortSignal): Promise<void> {
    try {
      this.reloads += 1;
      await this.#units.reload(signal);
    } catch (error) {
      for (const { finish } of entries) finish({ kind: "failed", error });
      return;
    }
    await this.#each(entries, async (entry) => {
      await this.#conclude(entry, await this.#units.describe(entry.request.unit, signal), signal);
      return true;
    });
  }

  /** Looks again after loading: a file of the same name in a place that systemd prefers wins over ours. */
  async #conclude({ request, finish }: Entry, local: LocalUnit, signal: AbortSignal): Promise<void> {
    if (local.fragmentPath === this.#directory.pathOf(request.unit)) {
      finish({ kind: "loaded", local });
      return;
    }
    if (local.loadState === "not-found") {
      finish({
        kind: "failed",
        error: new FleetError("internal", `cannot load "${request.unit}": systemd does not find its file`),
      });
      return;
    }
    await this.#units.disable([request.unit], signal);
    await this.#directory.remove(request.unit);
    finish({ kind: "refused", reason: taken(request.unit, local) });
  }

  /** Runs a step for each entry at once. @returns those that passed; the others have been answered. */
  async #each(
    entries: readonly Entry[],
    step: (entry: Entry) => Promise<boolean>,
  ): Promise<readonly Entry[]> {
    const passed = await Promise.all(
      entries.map(async (entry) => {
        try {
          return await step(entry);
        } catch (error) {
          entry.finish({ kind: "failed", error });
          return false;
        }
      }),
    );
    return entries.filter((_, index) => passed[index]);
  }

  /** Runs a step for all entries in one call; if systemd refuses, one by one, to find the one that it refuses. */
  async #together(
    entries: readonly Entry[],
    step: (paths: readonly string[]) => Promise<void>,
  ): Promise<readonly Entry[]> {
    if (entries.length === 0) return entries;
    const pathOf = ({ request }: Entry) => this.#directory.pathOf(request.unit);
    try {
      await step(entries.map(pathOf));
      return entries;
    } catch (error) {
      const isOfOneUnit = !isFleetError(error, "unavailable") && !isFleetError(error, "deadline-exceeded");
      return this.#each(entries, async (entry) => {
        if (!isOfOneUnit || entries.length === 1) throw error;
        await step([pathOf(entry)]);
        return true;
      });
    }
  }
}

function taken(unit: UnitName, local: LocalUnit): string {
  const where = local.fragmentPath === "" ? "" : ` (${local.fragmentPath})`;
  return `"${unit}" belongs to this machine${where}`;
}
