import { FleetError, type Generation, isFleetError } from "@fleet/core";
import type { JobResult } from "@fleet/core/ports";
import { orAbort } from "./or-abort.js";
import { queued } from "./queued-job.js";
import type { TaskContext } from "./task-handlers.js";
import type { UnitMemory } from "./unit-memory.js";

/** systemd would not even queue a start, and said why. It may have another opinion later. */
export class StartRefused extends Error {}

/**
 * Issues the start of a generation, and has its job followed.
 * @throws {StartRefused} if systemd refuses; {FleetError} if it must not be issued now, or nobody knows whether it was.
 */
export async function startUnit(
  context: TaskContext,
  memory: UnitMemory,
  generation: Generation,
  signal: AbortSignal,
): Promise<void> {
  const { units, records, observe, track, bound } = context;
  await admit(context, memory, generation, signal);
  if (memory.wasStopped && (await units.systemState(signal)) === "stopping")
    throw new FleetError("conflict", `cannot start "${memory.name}" again: systemd is stopping`);
  const invocationBefore = memory.local?.invocationId ?? "";
  const earlier = records.of(memory.name);
  // It is known that nothing was issued: the intent must not be taken for one whose fate nobody knows.
  const takeBack = async () => {
    if (earlier?.phase === "issued") await records.write(memory.name, earlier);
    else await records.remove(memory.name);
  };
  const mustWait = bound.isFull;
  const issue = async () => {
    // What it was admitted by may be over by now.
    if (mustWait) await admit(context, memory, generation, signal);
    await records.write(memory.name, { generation, phase: "intent", invocationBefore });
    const obstacle = obstacleTo(context, memory, generation);
    if (obstacle !== undefined) {
      await takeBack();
      throw obstacle;
    }
    try {
      return await units.start(memory.name, signal);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      await takeBack();
      throw new StartRefused(error.message, { cause: error });
    }
  };
  const job = await queued(context, memory, issue, signal);
  memory.isStarting = true;
  memory.wasStopped = false;
  // How an earlier job ended says nothing of this one.
  memory.jobResult = undefined;
  if (memory.local !== undefined) memory.local = { ...memory.local, hasJob: true };
  track(followStart(job.result, memory, observe, signal));
  await records.write(memory.name, { generation, phase: "issued", invocationBefore });
}

/** Sees that an exclusive unit may be started. Waiting for that may take so long that its seat is another by then. */
async function admit(
  context: TaskContext,
  memory: UnitMemory,
  generation: Generation,
  signal: AbortSignal,
): Promise<void> {
  if (!memory.isExclusive || context.exclusive === undefined) return;
  const before = obstacleTo(context, memory, generation);
  if (before !== undefined) throw before;
  const text = (await context.directory.read(memory.name)) ?? "";
  await context.exclusive.admit(memory.name, text, generation.seatRevision, signal);
  const after = obstacleTo(context, memory, generation);
  if (after !== undefined) throw after;
}

/** What forbids to start an exclusive unit at this moment. */
function obstacleTo(
  { exclusive, session }: TaskContext,
  memory: UnitMemory,
  generation: Generation,
): FleetError | undefined {
  if (!memory.isExclusive || exclusive === undefined) return undefined;
  const seat = session.seats.get(memory.name);
  if (seat?.createRevision !== generation.seatRevision || seat.target !== "launched")
    return new FleetError("conflict", `cannot start "${memory.name}": its seat has changed meanwhile`);
  const reason = exclusive.obstacle(memory.name);
  return reason === undefined
    ? undefined
    : new FleetError("unavailable", `cannot start "${memory.name}": ${reason}`);
}

/** systemd has answered, and the answer is no; anything else leaves open what became of the call. */
function isRefusal(error: unknown): error is FleetError {
  return (
    isFleetError(error, "conflict") ||
    isFleetError(error, "not-found") ||
    isFleetError(error, "invalid-argument") ||
    isFleetError(error, "permission-denied")
  );
}

async function followStart(
  result: Promise<JobResult>,
  memory: UnitMemory,
  observe: TaskContext["observe"],
  signal: AbortSignal,
): Promise<void> {
  try {
    memory.jobResult = await orAbort(result, signal);
  } catch {
    // Aborted: the job goes on, and whoever comes next sees what became of it.
  } finally {
    memory.isStarting = false;
    observe(memory.name);
  }
}
