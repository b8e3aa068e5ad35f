import { FleetError, type Seat, type UnitName } from "@fleet/core";
import type { MachineSession, UnitDirectory, UnitManager } from "@fleet/core/ports";
import type { AgentTask, LocalFile } from "../plan/machine-view.js";
import {
  canBeStopped,
  doubtWords,
  hasTrace,
  isFileless,
  isInDoubt,
  isOurs,
  readableFile,
  runsShadowed,
} from "../plan/unit-facts.js";
import type { ExclusiveCare } from "./exclusive-care.js";
import type { JobBound } from "./job-bound.js";
import { localFileOf } from "./local-file.js";
import type { OfflineSchedule } from "./offline-schedule.js";
import { orAbort } from "./or-abort.js";
import { queued } from "./queued-job.js";
import type { StartRecords } from "./start-records.js";
import { startUnit } from "./start-unit.js";
import type { UnitLoader } from "./unit-loader.js";
import type { UnitMemory } from "./unit-memory.js";
import type { UnitTexts } from "./unit-texts.js";
import type { Watermarks } from "./watermarks.js";

/** What the handlers work with. */
export interface TaskContext {
  readonly session: MachineSession;
  readonly units: UnitManager;
  readonly directory: UnitDirectory;
  readonly loader: UnitLoader;
  readonly bound: JobBound;
  readonly records: StartRecords;
  readonly watermarks: Watermarks;
  readonly schedule: OfflineSchedule;
  readonly texts: UnitTexts;
  /** The unit was stopped on purpose or is gone: nothing of it counts as started. */
  forgetStarts(unit: UnitName): Promise<void>;
  readonly exclusive?: ExclusiveCare | undefined;
  /** The unit's state may be worth publishing. */
  touch(unit: UnitName): void;
  /** Asks for a fresh look at a unit. */
  observe(unit: UnitName): void;
  /** Takes over a promise that nobody awaits. It must not reject. */
  track(work: Promise<void>): void;
}

/** The machine will not take the unit, and trying again soon is of no use. */
export class UnitRefused extends Error {}

type Handlers = {
  readonly [K in AgentTask["kind"]]: (
    task: Extract<AgentTask, { kind: K }>,
    memory: UnitMemory,
    signal: AbortSignal,
  ) => Promise<void>;
};

/** How each kind of task is carried out. Every one may be repeated after a crash halfway. */
export function createTaskHandlers(context: TaskContext): Handlers {
  const { session, watermarks, records } = context;
  const settle = (memory: UnitMemory, seat: Seat) => {
    // The seat that it was begun for may be of a history that was given up meanwhile: then it is no measure for any other.
    if (memory.workHistory !== session.history) return;
    watermarks.raise(seat.unit, seat.modRevision);
    session.actedOn(seat);
  };
  const acknowledge = (memory: UnitMemory, seat: Seat) => {
    memory.clearFailures();
    memory.jobResult = undefined;
    memory.isReplacing = false;
    memory.acked = seat.modRevision;
    settle(memory, seat);
  };
  return {
    load: async ({ seat }, memory, signal) => {
      const [content, refusal] = await Promise.all([
        contentOf(context, memory, seat, signal),
        context.loader.refusalOf(memory.name, hasTrace(memory), signal),
      ]);
      if (refusal !== undefined) throw new UnitRefused(refusal);
      await load(context, memory, content, signal);
      // What never ran need not be stopped to be as its seat wants it.
      const isIdle = memory.starts.kind === "never" && !canBeStopped(memory.local);
      if (seat.target === "loaded" && isIdle) settle(memory, seat);
    },
    replace: async ({ seat }, memory, signal) => {
      // Nothing is stopped for a text that cannot be had.
      const content = await contentOf(context, memory, seat, signal);
      memory.isReplacing = true;
      await stop(context, memory, signal);
      await load(context, memory, content, signal);
    },
    stop: async ({ seat }, memory, signal) => {
      await stop(context, memory, signal);
      await context.schedule.withdraw(memory.name);
      if (seat.target === "loaded") settle(memory, seat);
    },
    unload: async ({ seat }, memory, signal) => {
      await unload(context, memory, signal);
      await context.schedule.withdraw(memory.name);
      acknowledge(memory, seat);
    },
    acknowledge: async ({ seat }, memory, signal) => {
      await ensureNothingIsHere(context, memory, seat, signal);
      await context.forgetStarts(memory.name);
      await context.schedule.withdraw(memory.name);
      acknowledge(memory, seat);
    },
    start: async ({ seat, generation }, memory, signal) => {
      await startUnit(context, memory, generation, signal);
      settle(memory, seat);
      memory.isReplacing = false;
    },
    "note-start": async ({ seat, generation }, memory, signal) => {
      const isOutdated =
        memory.isExclusive && context.exclusive?.isOutdated?.(memory.name, seat.createRevision);
      if (await isOutdated) return await stop(context, memory, signal);
      const invocationBefore = memory.local?.invocationId ?? "";
      await records.write(memory.name, { generation, phase: "issued", invocationBefore });
      settle(memory, seat);
      memory.isReplacing = false;
    },
    forget: async (_task, memory) => {
      memory.clearFailures();
      memory.acked = undefined;
      memory.jobResult = undefined;
      memory.isWithdrawn = true;
      watermarks.drop(memory.name);
    },
  };
}

/** The text that a seat asks for, from the disk if it is there already. */
async function contentOf(
  { texts, directory, schedule }: TaskContext,
  memory: UnitMemory,
  seat: Seat,
  signal: AbortSignal,
): Promise<{ readonly text: string; readonly file: LocalFile }> {
  const isHere = readableFile(memory)?.contentId === seat.contentId;
  const onDisk = isHere ? await directory.read(memory.name) : undefined;
  // Somebody has deleted it: it is to be written again.
  if (isHere && onDisk === undefined) memory.file = undefined;
  const kept =
    schedule.seat(memory.name)?.contentId === seat.contentId ? schedule.text(memory.name) : undefined;
  const text = onDisk ?? kept ?? (await texts.read(seat, signal));
  if (text === undefined) {
    throw new FleetError("not-found", `cannot load "${memory.name}": its text is not in the registry`);
  }
  const file = localFileOf(memory.name, text);
  if (file.contentId === seat.contentId) return { text, file };
  throw new FleetError(
    "internal",
    `cannot load "${memory.name}": its text is not the one that was submitted`,
  );
}

async function load(
  { loader, directory }: TaskContext,
  memory: UnitMemory,
  { text, file }: { readonly text: string; readonly file: LocalFile },
  signal: AbortSignal,
): Promise<void> {
  const before = readableFile(memory);
  const outcome = await loader.load({ unit: memory.name, text, file, before }, signal);
  if (outcome.kind === "loaded") {
    memory.file = file;
    memory.local = outcome.local;
    memory.acked = undefined;
    return;
  }
  const onDisk = await directory.read(memory.name);
  memory.file = onDisk === undefined ? undefined : localFileOf(memory.name, onDisk);
  if (outcome.kind === "refused") throw new UnitRefused(outcome.reason);
  throw outcome.error;
}

/** Stops and waits; whatever was started is then no longer started. */
async function stop(context: TaskContext, memory: UnitMemory, signal: AbortSignal): Promise<void> {
  const { units, forgetStarts, observe } = context;
  if (!canBeStopped(await lookAgain(units, memory, signal))) {
    if (memory.jobResult !== undefined) memory.jobResult = "done";
    return await forgetStarts(memory.name);
  }
  if (memory.local !== undefined && runsShadowed(memory) && !isOurs(memory))
    throw new FleetError("conflict", doubtWords(memory.local));
  const job = await queued(context, memory, () => units.stop(memory.name, signal), signal);
  const result = await orAbort(job.result, signal);
  const local = await lookAgain(units, memory, signal);
  observe(memory.name);
  if (canBeStopped(local)) {
    throw new FleetError("conflict", `cannot stop "${memory.name}": its stop job ended with "${result}"`);
  }
  memory.jobResult = result;
  await forgetStarts(memory.name);
}

/** Removes a stopped unit. @throws {FleetError} `conflict` if it runs, as when somebody has started it meanwhile. */
async function unload(
  { units, directory, loader, forgetStarts, exclusive }: TaskContext,
  memory: UnitMemory,
  signal: AbortSignal,
): Promise<void> {
  const local = await lookAgain(units, memory, signal);
  if (isInDoubt(memory)) throw stillRuns("unload", memory);
  const isFree = local === undefined || isFileless(memory) || isOurs(memory);
  if (isFree) {
    if (canBeStopped(local)) throw stillRuns("unload", memory);
    // While the file is there: systemd reads in it which links to remove.
    await loader.disable(memory.name, signal);
  }
  if (memory.isExclusive) {
    await exclusive?.ensureGone(memory.name);
    await exclusive?.withdraw(memory.name, signal);
  }
  await directory.remove(memory.name);
  memory.file = undefined;
  if (isFree && local?.activeState === "failed") await units.resetFailed(memory.name, signal);
  await forgetStarts(memory.name);
  memory.local = { ...nothing };
}

/**
 * Makes sure that a unit that was never here, or whose file is gone, does not run here. What the machine has of its own by
 * that name is left alone.
 * @throws {FleetError} `conflict` if it does.
 */
async function ensureNothingIsHere(
  context: TaskContext,
  memory: UnitMemory,
  seat: Seat,
  signal: AbortSignal,
): Promise<void> {
  const { units, exclusive, schedule, texts } = context;
  const local = await lookAgain(units, memory, signal);
  if (isInDoubt(memory)) throw stillRuns("let go of", memory);
  const isFree = local === undefined || isFileless(memory) || isOurs(memory);
  if (!isFree) return;
  if (canBeStopped(local)) throw stillRuns("let go of", memory);
  if (exclusive === undefined) return;
  const text = schedule.text(memory.name) ?? (await texts.read(seat, signal));
  if (text === undefined || localFileOf(memory.name, text).isExclusive !== true) return;
  await exclusive.ensureGone(memory.name);
  await exclusive.withdraw(memory.name, signal);
}

function stillRuns(what: string, { name }: UnitMemory): FleetError {
  return new FleetError("conflict", `cannot ${what} "${name}": systemd says that it runs`);
}

/** What systemd has of a unit that it does not have. */
const nothing = {
  loadState: "not-found",
  activeState: "inactive",
  subState: "dead",
  fragmentPath: "",
  invocationId: "",
  needDaemonReload: false,
  hasJob: false,
};

async function lookAgain(
  units: UnitManager,
  memory: UnitMemory,
  signal: AbortSignal,
): Promise<UnitMemory["local"]> {
  const described = await units.describeLoaded([memory.name], signal);
  memory.local = described.get(memory.name) ?? forgotten(memory.local);
  return memory.local;
}

/** What is not in systemd's memory is inactive, and otherwise as it was. @returns `undefined` if it was never known. */
export function forgotten(local: UnitMemory["local"]): UnitMemory["local"] {
  if (local === undefined) return undefined;
  return {
    ...local,
    activeState: "inactive",
    subState: "dead",
    invocationId: "",
    needDaemonReload: false,
    hasJob: false,
  };
}
