import type { ExplainedPlaceV2, ExplanationV2, ObjectionV2, UnitStateV2 } from "@fleet/client";
import { type MachineIndex, machineItem } from "./machine-legend.js";
import type { Plain } from "./yaml.js";

/** The name and version of the document; docs/output.md describes it. */
export const explanationSchema = "fleetctl.explain/1";

/** An explanation for programs; each key is always there. */
export function explanationItem(
  explanation: ExplanationV2,
  machines: MachineIndex,
): { readonly [key: string]: Plain } {
  const { objections = [], places = [], remarks = [], suggestions = [] } = explanation;
  return {
    unit: explanation.name,
    revision: explanation.revision,
    standing: explanation.standing,
    summary: explanation.summary,
    desiredState: explanation.desiredState ?? null,
    places: places.map((place) => placeItem(place, machines)),
    placesTotal: explanation.placesTotal,
    objections: objections.map(objectionItem),
    suggestions: suggestions.map(({ command, machineID, proof, what }) => ({
      what,
      command: command ?? null,
      machine: machineItem(machineID, machines),
      proof,
    })),
    remarks,
  };
}

function placeItem(place: ExplainedPlaceV2, machines: MachineIndex): Plain {
  return {
    machine: machineItem(place.machineID, machines),
    present: place.present,
    role: place.role,
    reason: place.reason ?? null,
    target: place.target ?? null,
    seatRevision: place.seatRevision ?? null,
    state: place.state === undefined ? null : stateItem(place.state),
  };
}

function stateItem(state: UnitStateV2): Plain {
  return {
    condition: state.condition,
    load: state.systemdLoadState ?? "",
    active: state.systemdActiveState ?? "",
    sub: state.systemdSubState ?? "",
    sinceMs: state.sinceMs,
    jobResult: state.jobResult ?? null,
    reason: state.reason ?? null,
    drift: state.drift ?? null,
  };
}

function objectionItem(objection: ObjectionV2): Plain {
  return {
    check: objection.check ?? null,
    machines: objection.machines,
    what: objection.what,
    examples: objection.examples ?? [],
    wanted: objection.wanted ?? null,
    found: (objection.found ?? []).map(({ machines, what }) => ({ what, machines })),
    others: objection.others ?? [],
    pattern: objection.pattern ?? null,
    declaredBy: objection.declaredBy ?? null,
  };
}
