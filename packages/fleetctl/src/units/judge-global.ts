import type { UnitStatusV2, UnitsSnapshot } from "@fleet/client";
import type { Instance } from "./instances.js";
import { instanceOf } from "./instances.js";
import { because, type Judge, judgeStoppedEverywhere } from "./judge.js";
import { judgeInstanceLoaded, judgeInstanceStarted } from "./judge-instance.js";
import type { Progress, UnitLine } from "./wait-for-units.js";

/** Judges global units in one way, others in another. */
export function eachAsItIs(plain: Judge, global: Judge): Judge {
  return (name, snapshot) => (snapshot.units.get(name)?.global === true ? global : plain)(name, snapshot);
}

/** Waits for a global unit to run, or to have run and ended well, on every machine that it was given to. */
export function judgeGlobalStarted(): Judge {
  return (name, snapshot) => judgeEverywhere(name, snapshot, "launched", judgeInstanceStarted);
}

/** Waits for a global unit to be loaded on every machine that it was given to. */
export function judgeGlobalLoaded(): Judge {
  return (name, snapshot) => judgeEverywhere(name, snapshot, "loaded", judgeInstanceLoaded);
}

/** Waits for a global unit not to run any more, anywhere, or to be gone. */
export function judgeGlobalStopped(wanted: "loaded" | "inactive"): Judge {
  if (wanted === "loaded") return judgeStoppedEverywhere();
  return (name, { states, units }) => {
    const unit = units.get(name);
    const problem = overruled(name, unit, wanted);
    if (problem !== undefined) return problem;
    const isSeated = unit?.seats?.some(({ present }) => present) ?? false;
    const isThere = states.get(name)?.some(({ condition }) => condition === "loaded") ?? false;
    return isSeated || isThere
      ? { kind: "waiting", why: "still being taken off its machines" }
      : { kind: "reached" };
  };
}

function judgeEverywhere(
  name: string,
  snapshot: UnitsSnapshot,
  wanted: "loaded" | "launched",
  judge: (instance: Instance, snapshot: UnitsSnapshot) => Progress,
): Progress {
  const unit = snapshot.units.get(name);
  const problem = overruled(name, unit, wanted);
  if (problem !== undefined) return problem;
  const seats = unit?.seats?.filter(({ present, target }) => present && target !== "absent") ?? [];
  if (seats.length === 0) {
    return { kind: "waiting", why: `not placed on any machine${because(unit?.problem)}` };
  }
  const all = seats.map(({ machineID }) => judge(instanceOf(name, machineID), snapshot));
  const lines: readonly UnitLine[] = all.flatMap((progress) => progress.lines ?? []);
  const waiting = all.flatMap((progress) => (progress.kind === "waiting" ? [progress.why] : []));
  if (waiting.length > 0)
    return { kind: "waiting", why: `on ${waiting.length} of ${all.length} machines ${waiting[0]}`, lines };
  const [failed] = all.filter((progress) => progress.kind === "failed");
  return failed === undefined ? { kind: "reached", lines } : { ...failed, lines };
}

function overruled(name: string, unit: UnitStatusV2 | undefined, wanted: string): Progress | undefined {
  if (unit === undefined) return { kind: "failed", why: `unit ${name} has been destroyed meanwhile` };
  if (unit.desiredState === wanted) return undefined;
  return { kind: "failed", why: `unit ${name} is wanted ${unit.desiredState} meanwhile, not ${wanted}` };
}
