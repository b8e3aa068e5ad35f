import type { SeatV2, UnitStateV2, UnitsSnapshot } from "@fleet/client";
import type { Instance } from "./instances.js";
import { because, busy, judgeProcess } from "./judge.js";
import type { Progress } from "./wait-for-units.js";

interface Facts {
  readonly seat: SeatV2;
  readonly state: UnitStateV2 | undefined;
}

/** Looks at a global unit on one machine. @returns the end of waiting instead, if there is nothing to wait for any more. */
function factsOf({ label, machineId, name }: Instance, { states, units }: UnitsSnapshot): Facts | Progress {
  const unit = units.get(name);
  if (unit === undefined) return { kind: "failed", why: `unit ${name} has been destroyed meanwhile` };
  if (unit.desiredState !== "launched") {
    return { kind: "failed", why: `unit ${name} is wanted ${unit.desiredState} meanwhile, on all machines` };
  }
  const seat = unit.seats?.find(({ machineID, target }) => machineID === machineId && target !== "absent");
  if (seat === undefined) return { kind: "failed", why: `unit ${label} has no place there any more` };
  return { seat, state: states.get(name)?.find(({ machineID }) => machineID === machineId) };
}

/** Waits for a global unit to be launched on one machine, and then for its process there. */
export function judgeInstanceStarted(instance: Instance, snapshot: UnitsSnapshot): Progress {
  const { label, machineId, name } = instance;
  const facts = factsOf(instance, snapshot);
  if ("kind" in facts) return facts;
  const { seat, state } = facts;
  if (state?.condition === "refused") {
    return { kind: "failed", why: `unit ${label} was refused by its machine${because(state.reason)}` };
  }
  if (seat.target !== "launched" || state?.currentState !== "launched") {
    return { kind: "waiting", why: seat.present ? "not started yet" : "its machine is away" };
  }
  const lines = [{ text: `Unit ${name} launched`, machineId }];
  return judgeProcess(label, state, state.jobResult !== undefined, lines);
}

/** Waits for a global unit to be on one machine, with its present text. */
export function judgeInstanceLoaded({ machineId, name }: Instance, snapshot: UnitsSnapshot): Progress {
  const unit = snapshot.units.get(name);
  const state = snapshot.states.get(name)?.find(({ machineID }) => machineID === machineId);
  const isCurrent = state?.contentID === undefined || state.contentID === unit?.contentID;
  if (state?.currentState !== "loaded" || !isCurrent) return { kind: "waiting", why: "not loaded yet" };
  return { kind: "reached", lines: [{ text: `Unit ${name} loaded`, machineId }] };
}

/** Waits for a global unit not to run any more on one machine. */
export function judgeInstanceStopped(instance: Instance, snapshot: UnitsSnapshot): Progress {
  const facts = factsOf(instance, snapshot);
  if ("kind" in facts) return facts;
  const { seat, state } = facts;
  const isRunning = state?.currentState === "launched" || busy.includes(state?.systemdActiveState ?? "");
  if (isRunning || seat.target === "launched") return { kind: "waiting", why: "still launched" };
  return {
    kind: "reached",
    lines: [{ text: `Unit ${instance.name} loaded`, machineId: instance.machineId }],
  };
}

/** Whether a global unit is stopped on a machine on purpose, and has stopped. */
export function isInstanceStopped(instance: Instance, snapshot: UnitsSnapshot): boolean {
  return judgeInstanceStopped(instance, snapshot).kind === "reached";
}
