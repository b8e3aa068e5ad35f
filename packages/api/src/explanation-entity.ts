import type { ExplainedPlaceV2, ExplanationV2, ObjectionV2 } from "@fleet/client";
import type { ClusterView, ExplainedObjection, ExplainedPlace, Explanation } from "@fleet/core";
import { toStateV2 } from "./state-entity.js";

/** An explanation as v2 tells it. */
export function toExplanationV2(view: ClusterView, explanation: Explanation): ExplanationV2 {
  const { desiredState, objections, places, suggestions, unit, ...same } = explanation;
  return {
    ...same,
    name: unit,
    desiredState: desiredState ?? "",
    places: places.map((place) => toPlaceV2(view, place)),
    objections: objections.map(toObjectionV2),
    suggestions: suggestions.map(({ command, machine, proof, what }) => ({
      what,
      proof,
      command: command ?? "",
      machineID: machine ?? "",
    })),
  };
}

function toPlaceV2(view: ClusterView, place: ExplainedPlace): ExplainedPlaceV2 {
  const { machine, present, reason, role, seatRevision, state, target } = place;
  return {
    machineID: machine,
    present,
    reason,
    role,
    target: target ?? "",
    ...(seatRevision === undefined ? {} : { seatRevision }),
    ...(state === undefined ? {} : { state: toStateV2(view, state) }),
  };
}

function toObjectionV2(objection: ExplainedObjection): ObjectionV2 {
  const { check, declaredBy, examples, found, machines, others, pattern, wanted, what } = objection;
  return {
    check,
    machines,
    what,
    examples,
    found,
    others,
    wanted: wanted ?? "",
    pattern: pattern ?? "",
    declaredBy: declaredBy ?? "",
  };
}
