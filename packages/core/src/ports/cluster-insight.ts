import type { ClusterView } from "../cluster/cluster-view.js";
import type { Explanation } from "../cluster/explanation.js";
import type { Revision } from "../cluster/revision.js";
import type { UnitName } from "../unit/unit-name.js";

/** Asks the planner, without changing anything. What it says is of one revision, which it names. */
export interface ClusterInsight {
  /**
   * Says why a unit is where it is, or nowhere.
   * @param view - The cluster as it is. The answer may be of a slightly older state of it, in which everything that concerns
   *   the unit itself was the same.
   * @param revisionMin - The answer is not older than this.
   * @returns `undefined` if nothing knows of such a unit.
   */
  explain(view: ClusterView, name: UnitName, revisionMin: Revision): Explanation | undefined;
}
