import type { Logger } from "@fleet/core/ports";
import { isRunning } from "../plan/unit-facts.js";
import type { UnitMemory } from "./unit-memory.js";

/** A unit that somebody else stops is started again after this long, then after twice as long, and so on. */
const returnMsMin = 1_000;
const returnMsMax = 60_000;

/** After this long without being stopped by somebody else that count begins anew. */
const calmMs = 600_000;

/**
 * Takes note that a job was done with a unit that ran before: if it was not fleet's, and the unit turns out not to run any
 * more, then somebody else has stopped it.
 * @param invocationId - The run that the job found; empty if unknown.
 * @param isToReturn - Whether it is to be started again, after a while.
 */
export function noteStop(unit: UnitMemory, invocationId: string, nowMs: number, isToReturn: boolean): void {
  if (unit.work !== undefined || unit.isStarting) return;
  // Those have a guard, which may stop them and says so itself.
  if (unit.isExclusive) return;
  if (nowMs - unit.stoppedAtMs > calmMs) unit.stops = 0;
  unit.stoppedAtMs = nowMs;
  unit.wasStopped = true;
  unit.stoppedInvocation = invocationId;
  unit.isStopTold = false;
  const pauseMs = Math.min(returnMsMin * 2 ** unit.stops, returnMsMax);
  unit.stops += 1;
  if (isToReturn) unit.heldBack = { untilMs: nowMs + pauseMs, seatRevision: unit.seat?.modRevision };
}

/**
 * Takes in what systemd says of a unit after that news: it runs all the same, as after a restart, or has run anew and ended
 * by itself since, or it was stopped. To be called only with what was asked for after the news came.
 */
export function noteLook(unit: UnitMemory, logger: Logger): void {
  const { activeState, invocationId = "" } = unit.local ?? {};
  const hasRunAnew =
    invocationId !== "" && unit.stoppedInvocation !== "" && invocationId !== unit.stoppedInvocation;
  if (activeState === "active" || hasRunAnew) unit.wasStopped = false;
  if (!unit.wasStopped || unit.isStopTold || isRunning(unit.local)) return;
  unit.isStopTold = true;
  logger.info("unit stopped, not by fleet", { unit: unit.name });
}
