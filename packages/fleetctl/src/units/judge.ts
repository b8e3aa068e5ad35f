import type { ClientClock, UnitStateV2, UnitStatusV2, UnitsSnapshot } from "@fleet/client";
import { type DesiredState, refusedJob } from "@fleet/core";
import { machineIdLegend } from "../output/machine-legend.js";
import type { Progress, UnitLine } from "./wait-for-units.js";

/** Judges one unit of a snapshot. */
export type Judge = (name: string, snapshot: UnitsSnapshot) => Progress;

/** A server without the v2 API does not say that a job has ended: a unit that rests for so long has, as in the original. */
const restMs = 2_000;

/** Waits for the unit to report `wanted`; units that somebody else wants to be something else never will. */
export function judgeState(wanted: DesiredState): Judge {
  return (name, snapshot) => {
    const unit = snapshot.units.get(name);
    if (unit === undefined) return destroyed(name);
    if (unit.desiredState !== wanted) return overruled(name, unit, wanted);
    if (unit.global || (unit.currentState === wanted && !hasOldContent(unit, snapshot))) {
      return { kind: "reached", lines: [stateLine(name, unit, wanted)] };
    }
    return deadEnd(unit, snapshot) ?? { kind: "waiting", why: whyNot(unit, snapshot) };
  };
}

/**
 * Waits for the unit not to run any more, wherever it is or will be.
 * @param wanted - `loaded` after stop, `inactive` after unload.
 */
export function judgeStopped(wanted: "loaded" | "inactive"): Judge {
  return (name, { units, states }) => {
    const unit = units.get(name);
    if (unit === undefined) return destroyed(name);
    if (unit.desiredState !== wanted) return overruled(name, unit, wanted);
    // Whoever starts it next would take the old refusal for an answer.
    if (wanted === "loaded" && states.get(name)?.some((state) => isStartRefused(unit, state))) {
      return { kind: "waiting", why: "its start is still being tried" };
    }
    const state = unit.currentState ?? "inactive";
    const seats = unit.seats?.filter((seat) => seat.present) ?? [];
    const isToldToRun = seats.some(
      (seat) => seat.target === "launched" || (wanted === "inactive" && seat.target === "loaded"),
    );
    // A unit that has no place need not wait for one only to be loaded there.
    const isThere = state === wanted || (state === "inactive" && seats.length === 0);
    if (isThere && !isToldToRun) return { kind: "reached", lines: [stateLine(name, unit, state)] };
    return { kind: "waiting", why: `still ${state}` };
  };
}

/** Active states in which a unit has processes, or may have. */
export const busy: readonly string[] = ["active", "reloading", "refreshing", "activating", "deactivating"];

/** Waits for a global unit that is wanted loaded not to run on any machine that reports. */
export function judgeStoppedEverywhere(): Judge {
  return (name, { states, units }) => {
    const unit = units.get(name);
    if (unit === undefined) return destroyed(name);
    if (unit.desiredState !== "loaded") return overruled(name, unit, "loaded");
    const running = states
      .get(name)
      ?.filter((state) => state.currentState === "launched" || busy.includes(state.systemdActiveState ?? ""));
    if (running === undefined || running.length === 0) return { kind: "reached" };
    const count = running.length === 1 ? "one machine" : `${running.length} machines`;
    return { kind: "waiting", why: `still running on ${count}` };
  };
}

/** Waits for every present machine to have let go of a destroyed unit. */
export function judgeGone(): Judge {
  return (name, { units, states }) => {
    const isThere = states.get(name)?.some((state) => state.condition === "loaded") ?? false;
    // A unit that somebody has created anew is none of ours.
    return units.has(name) || !isThere
      ? { kind: "reached" }
      : { kind: "waiting", why: "still being stopped" };
  };
}

/**
 * Waits for the unit to be launched, and then for its process: running, exited in order, or failed.
 * @param wasLaunched - Whether the unit was told to start before this command, so that a failure is no old one's.
 */
export function judgeStarted(clock: ClientClock, wasLaunched = false): Judge {
  const restingSince = new Map<string, number>();
  return (name, snapshot) => {
    const unit = snapshot.units.get(name);
    if (unit === undefined) return destroyed(name);
    if (unit.desiredState !== "launched") return overruled(name, unit, "launched");
    if (unit.currentState !== "launched" || hasOldContent(unit, snapshot)) {
      return deadEnd(unit, snapshot) ?? { kind: "waiting", why: whyNot(unit, snapshot) };
    }
    const lines = [stateLine(name, unit, "launched")];
    const state = snapshot.states.get(name)?.find(({ machineID }) => machineID === unit.machineID);
    const isResting = state?.systemdActiveState === "inactive" || state?.systemdActiveState === "failed";
    if (!isResting) restingSince.delete(name);
    else if (!restingSince.has(name)) restingSince.set(name, clock.monotonic());
    const restedMs = clock.monotonic() - (restingSince.get(name) ?? clock.monotonic());
    const hasRested = restedMs >= restMs || (wasLaunched && state?.systemdActiveState === "failed");
    const hasEnded = state?.jobResult !== undefined || (!snapshot.isComplete && hasRested);
    return judgeProcess(name, state, hasEnded, lines);
  };
}

/**
 * Judges the process of a unit that is launched: running, exited in order, or failed.
 * @param hasEnded - Whether its start has ended, so that an inactive or failed unit is one that will stay so.
 * @param lines - To be printed in any case.
 */
export function judgeProcess(
  name: string,
  state: UnitStateV2 | undefined,
  hasEnded: boolean,
  lines: readonly UnitLine[],
): Progress {
  const { jobResult, machineID: machineId, reason, systemdActiveState: active = "" } = state ?? {};
  if (active === "active" || active === "reloading") return { kind: "reached", lines };
  if (active === "failed" && hasEnded) {
    const how = jobResult === undefined || jobResult === "done" ? "" : `, job result ${jobResult}`;
    const why = `unit ${name} failed (${words(state)}${how})${because(reason)}`;
    return { kind: "failed", why, lines, machineId };
  }
  if (active === "inactive" && hasEnded) {
    if (jobResult !== undefined && jobResult !== "done") {
      const why = `unit ${name} was not started: job result ${jobResult}${because(reason)}`;
      return { kind: "failed", why, lines, machineId };
    }
    const exited = { text: `Unit ${name} exited`, machineId: state?.machineID };
    return { kind: "reached", lines: [...lines, exited] };
  }
  return { kind: "waiting", why: `still starting (${words(state)})`, lines };
}

/** systemd's words for a state. */
function words(state: UnitStateV2 | undefined): string {
  return `${state?.systemdActiveState ?? ""}/${state?.systemdSubState ?? ""}`;
}

/**
 * Says what will not change by waiting: no machine takes the unit, or systemd will not start it.
 * The leader's word counts only beside that of the machine: alone, it may be of a moment when there was no machine.
 */
function deadEnd(unit: UnitStatusV2, { states }: UnitsSnapshot): Progress | undefined {
  const { name, problem = "" } = unit;
  const seat = unit.seats?.find(({ target }) => target !== "absent");
  const state = states.get(name)?.find(({ machineID }) => machineID === seat?.machineID);
  if (state?.condition === "refused" && problem !== "") {
    return { kind: "failed", why: `unit ${name} cannot be placed${because(problem)}` };
  }
  if (seat?.target === "launched" && state !== undefined && isStartRefused(unit, state)) {
    return { kind: "failed", why: `unit ${name} was not started${because(state.reason)}` };
  }
  return undefined;
}

/** Whether systemd has refused to start the unit as it is now; one that was replaced is waited for. */
function isStartRefused(unit: UnitStatusV2, state: UnitStateV2): boolean {
  return state.condition === "loaded" && state.jobResult === refusedJob && !isOfOldContent(unit, state);
}

/** Whether the unit's machine still has content that was replaced. Without the v2 API nobody can tell. */
function hasOldContent(unit: UnitStatusV2, { isComplete, states }: UnitsSnapshot): boolean {
  const state = states.get(unit.name)?.find(({ machineID }) => machineID === unit.machineID);
  return isComplete && state !== undefined && isOfOldContent(unit, state);
}

function isOfOldContent(unit: UnitStatusV2, state: UnitStateV2): boolean {
  return state.contentID !== undefined && state.contentID !== unit.contentID;
}

function stateLine(name: string, unit: UnitStatusV2, state: string): UnitLine {
  return { text: `Unit ${name} ${state}`, machineId: unit.machineID };
}

function destroyed(name: string): Progress {
  return { kind: "failed", why: `unit ${name} has been destroyed meanwhile` };
}

function overruled(name: string, unit: UnitStatusV2, wanted: string): Progress {
  const other = unit.desiredState ?? "nothing";
  return { kind: "failed", why: `unit ${name} is wanted ${other} meanwhile, not ${wanted}` };
}

/** Says what stands between a unit and its place. */
export function whyNot(unit: UnitStatusV2, { states, isComplete }: UnitsSnapshot): string {
  const refusal = states.get(unit.name)?.find(({ condition }) => condition === "refused");
  if (refusal !== undefined)
    return `refused by machine ${machineIdLegend(refusal.machineID, false)}${because(refusal.reason)}`;
  const seat = unit.seats?.find(({ target }) => target !== "absent");
  if (seat !== undefined) {
    const machine = machineIdLegend(seat.machineID, false);
    if (!seat.present) {
      const { held } = seat;
      if (held !== undefined) return `its machine ${machine} is away, and its units are held there: ${held}`;
      const away = `its machine ${machine} is away (off, cut off, or without fleetd)`;
      return `${away}${because(unit.problem)}`;
    }
    const state = states.get(unit.name)?.find(({ machineID }) => machineID === seat.machineID);
    if (state?.condition === "loaded" && isOfOldContent(unit, state)) {
      return `still starting: machine ${machine} has its old content (${words(state)})${because(state.reason)}`;
    }
    const stage = unit.currentState === "loaded" ? "loaded, not started yet" : "not loaded yet";
    return `placed on machine ${machine}, ${stage}${because(state?.reason)}`;
  }
  if (unit.seats !== undefined && unit.seats.length > 0) return "still being removed from where it was";
  if (!isComplete && unit.machineID !== undefined) return `still ${unit.currentState}`;
  return `not placed on any machine${because(unit.problem)}`;
}

/** A reason, as the end of a sentence that may do without one. */
export function because(reason: string | undefined): string {
  return reason === undefined || reason === "" ? "" : `: ${reason}`;
}
