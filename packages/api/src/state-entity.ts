import type { UnitStateV1, UnitStateV2 } from "@fleet/client";
import {
  type ClusterView,
  currentStateOn,
  type DesiredState,
  type MachineId,
  type UnitName,
  type UnitState,
  wantedOn,
} from "@fleet/core";

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

/**
 * What a unit is on a machine. One whose content or start was asked for anew is not launched until the seat says the same:
 * until then the machine does not even know, and who waits would take the old process for the new one.
 */
export function stateOn(view: ClusterView, machine: MachineId, name: UnitName): DesiredState {
  const seat = view.seats.get(machine)?.get(name);
  const state = currentStateOn(seat, view.states.get(machine)?.get(name));
  const unit = view.units.get(name);
  if (state !== "launched" || unit === undefined || seat?.target !== "launched") return state;
  const wanted = wantedOn(unit, machine);
  const isOutdated = seat.contentId !== unit.contentId || seat.startCount !== wanted.startCount;
  return wanted.desiredState === "launched" && isOutdated ? "loaded" : state;
}

/** What v2 says of a state. */
export function toStateV2(view: ClusterView, state: UnitState): UnitStateV2 {
  return {
    condition: state.condition,
    contentID: state.contentId,
    currentState: stateOn(view, state.machine, state.unit),
    hash: state.hash,
    jobResult: state.jobResult ?? "",
    machineID: state.machine,
    name: state.unit,
    reason: state.reason ?? "",
    ...(state.drift === undefined ? {} : { drift: state.drift }),
    sinceMs: state.sinceMs,
    systemdActiveState: state.activeState,
    systemdLoadState: state.loadState,
    systemdSubState: state.subState,
  };
}
