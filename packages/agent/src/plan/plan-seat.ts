import type { Generation, Seat } from "@fleet/core";
import { driftOf } from "./drift.js";
import type { AgentTask, LocalFacts, MachineView, StartRecord, UnitView } from "./machine-view.js";
import type { UnitPlan } from "./plan-machine.js";
import {
  canBeStopped,
  generationOf,
  isFileless,
  isOurs,
  isRunning,
  isSameGeneration,
  readableFile,
  runsShadowed,
} from "./unit-facts.js";

/** Brings a unit to what its seat asks for: the right content, then stopped once or started once. */
export function planSeat(
  unit: UnitView,
  seat: Seat,
  view: Pick<MachineView, "bootId" | "reconcilesDrift">,
  blockedBy: () => string | undefined,
): UnitPlan {
  if (unit.file === "unreadable") return { kind: "wait", reason: "its file cannot be read" };
  const content = planContent(unit, seat);
  if (content !== undefined) return content;
  // From here on the content is right and known to systemd.
  return seat.target === "loaded" ? planLoaded(unit, seat) : planLaunched(unit, seat, view, blockedBy);
}

function planContent(unit: UnitView, seat: Seat): UnitPlan {
  const { local } = unit;
  const file = readableFile(unit);
  if (runsShadowed(unit)) {
    if (seat.target === "loaded" && isOurs(unit)) return planLoaded(unit, seat);
    return { kind: "wait", reason: `it runs, and ${local?.fragmentPath} has taken the place of its file` };
  }
  if (file === undefined) return step("load", unit, seat, "seated here");
  if (local === undefined) return { kind: "wait", reason: "systemd has not been asked yet" };
  if (file.contentId !== seat.contentId) {
    if (!canBeStopped(local) || !isOurs(unit)) return step("load", unit, seat, "its content has changed");
    return seat.modRevision > unit.watermark
      ? step("replace", unit, seat, "its content has changed")
      : { kind: "wait", reason: "its content was changed by a seat that is older than one acted on before" };
  }
  if (!isOurs(unit)) return step("load", unit, seat, "its file is not known to systemd");
  if (isFileless(unit)) return step("load", unit, seat, "systemd does not find its file");
  // What runs is left alone: a reload that is due for it changes nothing that fleet has to do.
  return local.needDaemonReload && !canBeStopped(local)
    ? step("load", unit, seat, "systemd has an older text of it")
    : undefined;
}

/** Stopped once for each seat that says so: whoever starts the unit after that, fleet does not fight them. */
function planLoaded(unit: UnitView, seat: Seat): UnitPlan {
  return seat.modRevision > unit.watermark ? step("stop", unit, seat, "wanted loaded") : undefined;
}

function planLaunched(
  unit: UnitView,
  seat: Seat,
  { bootId, reconcilesDrift }: Pick<MachineView, "bootId" | "reconcilesDrift">,
  blockedBy: () => string | undefined,
): UnitPlan {
  const generation = generationOf(seat, bootId);
  const isToReturn = reconcilesDrift && driftOf(unit) === "stopped";
  const due: Due = isToReturn
    ? { kind: "start", reason: "stopped by somebody else" }
    : startDue(unit, generation);
  if (due.kind === "done") {
    if (seat.modRevision <= unit.watermark) return undefined;
    // fleetd ended before it could remember that it acted on this seat.
    return startStep("note-start", unit, seat, generation, "its start had been issued when fleetd ended");
  }
  if (due.kind === "note") return startStep("note-start", unit, seat, generation, due.reason);
  const other = blockedBy();
  if (other !== undefined) {
    return { kind: "wait", reason: `waits until "${other}" has stopped, which it conflicts with` };
  }
  if (unit.startObstacle !== undefined) return { kind: "wait", reason: unit.startObstacle };
  return startStep("start", unit, seat, generation, due.reason);
}

type Due = { readonly kind: "done" } | { readonly kind: "note" | "start"; readonly reason: string };

function startDue(unit: UnitView, generation: Generation): Due {
  const { starts, local } = unit;
  if (starts.kind === "lost") {
    if (starts.saidStarted === undefined) {
      return { kind: "note", reason: "adopted: nobody remembers whether it was started" };
    }
    if (starts.saidStarted !== "not started" && isSameGeneration(starts.saidStarted, generation)) {
      return { kind: "note", reason: "this machine has said that it was started" };
    }
  }
  if (starts.kind === "record" && isSameGeneration(starts.record.generation, generation)) {
    if (starts.record.phase === "issued") return { kind: "done" };
    return wasIssued(starts.record, local)
      ? { kind: "note", reason: "its start had been issued when fleetd ended" }
      : { kind: "start", reason: "its start had not been issued when fleetd ended" };
  }
  if (isRunning(local) && local?.activeState !== "deactivating") {
    return { kind: "note", reason: "it runs already" };
  }
  return { kind: "start", reason: "wanted launched" };
}

/**
 * Tells whether systemd got a start of which only the intent is known: the unit runs, or has a job, or has been
 * activated since. A unit without an invocation id was not, or has ended and been forgotten; it may then run twice.
 */
function wasIssued(record: StartRecord, local: LocalFacts | undefined): boolean {
  if (canBeStopped(local)) return true;
  const invocationId = local?.invocationId ?? "";
  return invocationId !== "" && invocationId !== record.invocationBefore;
}

function step(kind: "load" | "replace" | "stop", unit: UnitView, seat: Seat, reason: string): UnitPlan {
  return { kind: "task", task: { kind, unit: unit.name, seat, reason } };
}

function startStep(
  kind: "start" | "note-start",
  unit: UnitView,
  seat: Seat,
  generation: Generation,
  reason: string,
): UnitPlan {
  const task: AgentTask = { kind, unit: unit.name, seat, generation, reason };
  return { kind: "task", task };
}
