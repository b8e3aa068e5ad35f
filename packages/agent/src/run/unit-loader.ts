import { FleetError, isFleetError, type UnitName } from "@fleet/core";
import type { LocalUnit, UnitDirectory, UnitManager } from "@fleet/core/ports";
import type { LocalFile } from "../plan/machine-view.js";
import { hasNoFile, isRunning } from "../plan/unit-facts.js";
import { Batcher } from "./batcher.js";
import type { ExclusiveCare } from "./exclusive-care.js";

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

/** How many units one batch takes, so that the first of many is not held up by the last. */
const batchUnitsMax = 64;

/** A batch on its way: the requests that have come through so far. Whoever drops out has an outcome. */
interface Batch {
  readonly outcomes: Map<LoadRequest, LoadOutcome>;
  readonly signal: AbortSignal;
}

/**
 * Loads and unloads units in batches: whatever is asked for while a batch is under way forms the next one. A batch makes
 * systemd read its files again at most once, and only if a unit needs it. A unit that fails does not touch the others.
 */
export class UnitLoader {
  readonly #units: UnitManager;
  readonly #directory: UnitDirectory;
  readonly #exclusive: Pick<ExclusiveCare, "prepare" | "withdraw"> | undefined;
  readonly #loads: Batcher<LoadRequest, LoadOutcome>;
  readonly #disables: Batcher<UnitName, undefined>;
  /** Reloads so far, for metrics. */
  reloads = 0;

  constructor(
    units: UnitManager,
    directory: UnitDirectory,
    exclusive?: Pick<ExclusiveCare, "prepare" | "withdraw">,
  ) {
    this.#exclusive = exclusive;
    this.#units = units;
    this.#directory = directory;
    this.#loads = new Batcher((requests, signal) => this.#batch(requests, signal), batchUnitsMax);
    this.#disables = new Batcher(async (names, signal) => {
      await units.disable(names, signal);
      return names.map(() => undefined);
    }, batchUnitsMax);
  }

  /**
   * Asks whether a name is free: systemd has no file by it, and nothing runs; or it has it from our own file. To be asked before anything is
   * written, because a runtime link shadows a unit of the machine's own.
   * @param hasTrace - Whether fleet had it here: what runs without any file is then what it has started.
   * @returns why not, or `undefined`.
   */
  async refusalOf(unit: UnitName, hasTrace: boolean, signal: AbortSignal): Promise<string | undefined> {
    const local = await this.#units.describe(unit, signal);
    const isFree = hasNoFile(local) && (hasTrace || !isRunning(local));
    return isFree || local.fragmentPath === this.#directory.pathOf(unit) ? undefined : taken(unit, local);
  }

  /** Loads a unit whose name is free. @param signal - That of the whole activity. */
  load(request: LoadRequest, signal: AbortSignal): Promise<LoadOutcome> {
    return this.#loads.run(request, signal);
  }

  /** Takes back the links of a unit whose file is still there. @param signal - That of the whole activity. */
  async disable(unit: UnitName, signal: AbortSignal): Promise<void> {
    await this.#disables.run(unit, signal);
  }

  async #batch(requests: readonly LoadRequest[], signal: AbortSignal): Promise<readonly LoadOutcome[]> {
    const batch: Batch = { outcomes: new Map(), signal };
    let rest = await this.#each(batch, requests, (request) => this.#write(request, signal));
    const toLink = rest.filter((request) => !request.file.hasInstall);
    await this.#together(batch, toLink, (paths) => this.#units.link(paths, signal));
    // In one call with the link: whoever finds the unit linked later takes it for loaded completely.
    const toEnable = rest.filter((request) => request.file.hasInstall);
    await this.#together(batch, toEnable, (paths) => this.#units.enable(paths, signal));
    rest = rest.filter((request) => !batch.outcomes.has(request));
    const stale: LoadRequest[] = [];
    await this.#each(batch, rest, async (request) => {
      const local = await this.#units.describe(request.unit, signal);
      if (hasNoFile(local) || local.needDaemonReload) stale.push(request);
      else batch.outcomes.set(request, await this.#conclude(request, local, signal));
    });
    if (stale.length > 0) await this.#reload(batch, stale);
    return requests.map((request) => batch.outcomes.get(request) ?? unanswered(request));
  }

  async #write({ unit, text, file, before }: LoadRequest, signal: AbortSignal): Promise<void> {
    // Before systemd can learn of the unit.
    if (file.isExclusive === true) await this.#exclusive?.prepare(unit, text, signal);
    else if (before?.isExclusive === true) await this.#exclusive?.withdraw(unit, signal);
    if (before?.contentId === file.contentId) return;
    // Links by the old [Install] section would stay behind.
    if (before?.hasInstall === true) await this.#units.disable([unit], signal);
    await this.#directory.write(unit, text);
  }

  async #reload(batch: Batch, requests: readonly LoadRequest[]): Promise<void> {
    try {
      this.reloads += 1;
      await this.#units.reload(batch.signal);
    } catch (error) {
      for (const request of requests) batch.outcomes.set(request, { kind: "failed", error });
      return;
    }
    await this.#each(batch, requests, async (request) => {
      const local = await this.#units.describe(request.unit, batch.signal);
      batch.outcomes.set(request, await this.#conclude(request, local, batch.signal));
    });
  }

  /** Looks again after loading: a file of the same name in a place that systemd prefers wins over ours. */
  async #conclude({ unit }: LoadRequest, local: LocalUnit, signal: AbortSignal): Promise<LoadOutcome> {
    if (local.fragmentPath === this.#directory.pathOf(unit)) return { kind: "loaded", local };
    if (hasNoFile(local)) {
      const error = new FleetError("internal", `cannot load "${unit}": systemd does not find its file`);
      return { kind: "failed", error };
    }
    await this.#units.disable([unit], signal);
    await this.#directory.remove(unit);
    return { kind: "refused", reason: taken(unit, local) };
  }

  /** Runs a step for each request at once. @returns those that passed; the others have failed. */
  async #each(
    batch: Batch,
    requests: readonly LoadRequest[],
    step: (request: LoadRequest) => Promise<void>,
  ): Promise<readonly LoadRequest[]> {
    await Promise.all(
      requests.map(async (request) => {
        try {
          await step(request);
        } catch (error) {
          batch.outcomes.set(request, { kind: "failed", error });
        }
      }),
    );
    return requests.filter((request) => !batch.outcomes.has(request));
  }

  /** Runs a step for all requests in one call; if systemd refuses, one by one, to find the one that it refuses. */
  async #together(
    batch: Batch,
    requests: readonly LoadRequest[],
    step: (paths: readonly string[]) => Promise<void>,
  ): Promise<readonly LoadRequest[]> {
    if (requests.length === 0) return requests;
    const pathOf = (request: LoadRequest) => this.#directory.pathOf(request.unit);
    try {
      await step(requests.map(pathOf));
      return requests;
    } catch (error) {
      const isOfOneUnit = !isFleetError(error, "unavailable") && !isFleetError(error, "deadline-exceeded");
      return this.#each(batch, requests, async (request) => {
        if (!isOfOneUnit || requests.length === 1) throw error;
        await step([pathOf(request)]);
      });
    }
  }
}

function taken(unit: UnitName, local: LocalUnit): string {
  if (local.loadState === "masked") return `"${unit}" is masked on this machine`;
  const where = local.fragmentPath === "" ? "" : ` (${local.fragmentPath})`;
  return `"${unit}" belongs to this machine${where}`;
}

function unanswered({ unit }: LoadRequest): LoadOutcome {
  return {
    kind: "failed",
    error: new FleetError("internal", `cannot load "${unit}": it was lost on the way`),
  };
}
