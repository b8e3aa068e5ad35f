import { closest, type UnitName } from "@fleet/core";
import { jsonAnswer } from "../answer.js";
import { toExplanationV2 } from "../explanation-entity.js";
import { revisionHeader } from "../revision-header.js";
import type { Handler } from "../services.js";
import { unitDoesNotExist } from "../unit-does-not-exist.js";

/**
 * `GET /fleet/v2/units/<name>/explain`: why a unit is where it is, or nowhere, from the planner itself. The header
 * `Fleet-Revision` names the state of the cluster that the answer is of.
 */
export const explainUnit: Handler = async ({ access, insight }, request, signal) => {
  const name = request.name as UnitName;
  const view = await access.viewWith([name], request.revisionMin, signal);
  const explanation = insight.explain(view, name, access.revisionMin(request.revisionMin));
  if (explanation === undefined) {
    const meant = closest(name, [...view.units.keys()]);
    throw unitDoesNotExist(view.revision, meant);
  }
  return jsonAnswer(toExplanationV2(view, explanation), revisionHeader(explanation.revision));
};
