import type { ClusterView, UnitName } from "@fleet/core";
import type { ClusterReplica } from "@fleet/core/ports";
import { ChangeCollector } from "../plan/incremental/changes.js";
import { IncrementalPlanner } from "../plan/incremental/incremental-planner.js";
import type { Planning } from "../plan/planning.js";
import { publishedOptions, type SharedOptions } from "../plan/published-options.js";

/** Says what is decided about units, from a plan that is there already. */
export interface Considering {
  /**
   * @returns decisions about these units, as a plan of the whole view would have them; good until the view changes or
   * somebody asks again. `undefined` if nothing can be said just now.
   */
  consider(view: ClusterView, names: readonly UnitName[]): Planning | undefined;
}

/**
 * Follows a replica with a plan of its own, for a daemon that does not lead: the first question takes a plan, and each
 * of the others what has happened since.
 */
export class StandingPlanner implements Considering {
  readonly #planner = new IncrementalPlanner();
  readonly #changes = new ChangeCollector();
  readonly #shared: SharedOptions;
  readonly #unsubscribe: () => void;

  /** @param shared - What all daemons are configured with alike. */
  constructor(replica: Pick<ClusterReplica, "subscribe">, shared: SharedOptions) {
    this.#shared = shared;
    this.#unsubscribe = replica.subscribe(({ resynced, units, machines, spots }) => {
      const all = resynced || (spots === undefined && units.size > 0);
      this.#changes.add({ all, units, machines, spots: spots ?? new Map() });
    });
  }

  consider(view: ClusterView, names: readonly UnitName[]): Planning {
    const options = publishedOptions(view, this.#shared);
    return this.#planner.consider(view, this.#changes.take(), options, names);
  }

  /** Ceases to follow. */
  close(): void {
    this.#unsubscribe();
  }
}
