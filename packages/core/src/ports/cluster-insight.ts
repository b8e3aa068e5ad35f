import type { ClusterView } from "../cluster/cluster-view.js";
import type { Explanation } from "../cluster/explanation.js";
import type { Forecast, Proposal, SurvivalReport } from "../cluster/forecast.js";
import type { Revision } from "../cluster/revision.js";
import type { UnitName } from "../unit/unit-name.js";

/**
 * Asks the planner, without changing anything. What it says is of one revision, which it names: that of the view, or one a
 * little older, but never older than the caller demands.
 */
export interface ClusterInsight {
  /**
   * Says why a unit is where it is, or nowhere.
   * @param view - The cluster as it is. If the answer is of an older state, all that concerns the unit itself was the same.
   * @returns `undefined` if nothing knows of such a unit.
   */
  explain(view: ClusterView, name: UnitName, revisionMin: Revision): Explanation | undefined;
  /**
   * Says what would become of the cluster if a proposal were carried out. Questions are answered one after the other, and
   * others have their turn between two plans.
   */
  foresee(
    view: ClusterView,
    proposal: Proposal,
    revisionMin: Revision,
    signal: AbortSignal,
  ): Promise<Forecast>;
  /**
   * Says which losses of machines leave units without a place, as far as about a second of planning goes.
   * @returns `undefined` if it is asked to go on with a state of the cluster that it has no more.
   */
  survive(view: ClusterView, question: SurvivalRequest): SurvivalReport | undefined;
}

/** How to ask for {@link ClusterInsight.survive}. */
export interface SurvivalRequest {
  readonly losses: 1 | 2;
  /** How many losses have been checked already. */
  readonly from: number;
  /** The state of the cluster to go on with; absent to begin. */
  readonly revision: Revision | undefined;
}
