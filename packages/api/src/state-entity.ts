import type { UnitStateV1, UnitStateV2 } from "@fleet/client";
import { type ClusterView, currentStateOn, type UnitState } from "@fleet/core";

/** Says whether v1 knows of this state at all: it has no word for units that a machine let go of or would not take. */
export function isStateV1(state: UnitState): boolean {
  return state.condition === "loaded";
}

/** What v1 says of a state. */
export function toStateV1(state: UnitState): UnitStateV1 {
  return {
    hash: state.hash,
    machineID: state.machine,
    name: state.unit,
    systemdActiveState: state.activeState,
    systemdLoadState: state.loadState,
    systemdSubState: state.subState,
  };
}

/** What v2 says of a state. */
export function toStateV2(view: ClusterView, state: UnitState): UnitStateV2 {
  return {
    condition: state.condition,
    contentID: state.contentId,
    currentState: currentStateOn(view.seats.get(state.machine)?.get(state.unit), state),
    hash: state.hash,
    jobResult: state.jobResult ?? "",
    machineID: state.machine,
    name: state.unit,
    reason: state.reason ?? "",
    sinceMs: state.sinceMs,
    systemdActiveState: state.activeState,
    systemdLoadState: state.loadState,
    systemdSubState: state.subState,
  };
}
