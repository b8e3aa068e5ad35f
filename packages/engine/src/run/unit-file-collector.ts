import type { ContentId, Revision } from "@fleet/core";
import type { Clock, GuardedChange, LeaderRegistry, Leadership, Logger } from "@fleet/core/ports";

/** How often unit files are looked through. It costs one read of all records. */
const lookEveryMs = 600_000;

/** How many files are deleted at a time; the rest waits for the next look. */
const deletionsMax = 1_000;

/**
 * Deletes unit files that nothing has referred to for a while, as seen by this leader without a break. A file that is
 * referred to again is written again, so that the compare of its revision fails.
 */
export class UnitFileCollector {
  readonly #leaderRegistry: LeaderRegistry;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #retentionMs: number;
  #unreferencedSince = new Map<string, number>();
  #nextLookMs: number;

  /** @param retentionMs - How long a file must have been unreferenced. */
  constructor(leaderRegistry: LeaderRegistry, clock: Clock, logger: Logger, retentionMs: number) {
    this.#leaderRegistry = leaderRegistry;
    this.#clock = clock;
    this.#logger = logger;
    this.#retentionMs = retentionMs;
    this.#nextLookMs = clock.monotonic() + Math.min(lookEveryMs, retentionMs);
  }

  /** How long until {@link collect} has something to do. */
  get idleMs(): number {
    return Math.max(0, this.#nextLookMs - this.#clock.monotonic());
  }

  /** Looks through the unit files if it is time. */
  async collect(leadership: Leadership, signal: AbortSignal): Promise<void> {
    const nowMs = this.#clock.monotonic();
    if (nowMs < this.#nextLookMs) return;
    this.#nextLookMs = nowMs + Math.min(lookEveryMs, this.#retentionMs);
    const files = await this.#leaderRegistry.unreferencedUnitFiles(signal);
    const since = new Map<string, number>();
    const old: { contentId: ContentId; modRevision: Revision }[] = [];
    for (const file of files) {
      const key = `${file.contentId} ${file.modRevision}`;
      const sinceMs = this.#unreferencedSince.get(key) ?? nowMs;
      since.set(key, sinceMs);
      if (nowMs - sinceMs >= this.#retentionMs && old.length < deletionsMax) old.push(file);
    }
    this.#unreferencedSince = since;
    if (old.length === 0) return;
    const changes = old.map(
      ({ contentId, modRevision }): GuardedChange => ({
        unit: undefined,
        guards: [],
        writes: [{ kind: "delete-unit-file", contentId, modRevision }],
      }),
    );
    // That nothing refers to a file is compared with nothing: a restored etcd may have it as it is, and the unit too.
    await this.#leaderRegistry.renewProof(leadership, signal);
    const { outcomes } = await this.#leaderRegistry.commit(leadership, changes, signal);
    const deleted = outcomes.filter((outcome) => outcome === "committed").length;
    this.#logger.info("unit files collected", { deleted });
  }
}
