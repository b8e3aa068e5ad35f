import type { ContentId, Generation, MachineId, Revision, Seat, UnitHash, UnitName } from "@fleet/core";

/**
 * Whether the machine may act on its seats; the words are those of the machine's session in the registry, and `offline`:
 * it has not been reached yet, and the seats are those last known of units that may be started without it.
 */
export type SeatsCondition = "joining" | "joined" | "disconnected" | "frozen" | "displaced" | "offline";

/** A unit's file in the units directory. */
export interface LocalFile {
  readonly contentId: ContentId;
  /** Empty if the text breaks the grammar. */
  readonly hash: UnitHash;
  /** Patterns of units it never runs beside, specifiers expanded. */
  readonly conflicts: readonly string[];
  /** It can be enabled. */
  readonly hasInstall: boolean;
  /** Units that it starts after, if they start at the same time. */
  readonly after?: readonly string[];
  /** Units that it starts before, if they start at the same time. */
  readonly before?: readonly string[];
  /** It may be started by what was last known of it. */
  readonly isOfflineStart: boolean;
  /** It never runs twice. */
  readonly isExclusive?: boolean;
}

/** What systemd says of a unit; the words are systemd's. */
export interface LocalFacts {
  readonly loadState: string;
  readonly activeState: string;
  readonly subState: string;
  readonly fragmentPath: string;
  /** It is not there any more, and systemd has not noticed. */
  readonly isFileGone?: boolean;
  readonly invocationId: string;
  readonly needDaemonReload: boolean;
  readonly hasJob: boolean;
  /** Of a service that has failed, or waits for its restart. */
  readonly outcome?: LocalOutcome;
}

/** How a service's main process ended. */
export interface LocalOutcome {
  readonly result: string;
  readonly end: "exited" | "killed" | "none";
  readonly status: number;
  readonly restarts: number;
}

/**
 * The newest start that this machine has dealt with.
 * `intent`: systemd is about to be asked; after a crash nobody knows whether it was. `issued`: it has been.
 */
export interface StartRecord {
  readonly generation: Generation;
  readonly phase: "intent" | "issued";
  /** The unit's invocation id before the start; empty if it had none. */
  readonly invocationBefore: string;
}

/**
 * What is remembered of the starts of one unit. `lost`: it was started or not, and the record is gone; what this machine
 * last said of it in the registry is then the second source (`ownStarted`: absent if it said nothing at all).
 */
export type StartMemory =
  | { readonly kind: "record"; readonly record: StartRecord }
  | { readonly kind: "never" }
  | { readonly kind: "lost"; readonly saidStarted: Generation | "not started" | undefined };

/** Everything that decides about one unit. */
export interface UnitView {
  readonly name: UnitName;
  readonly seat: Seat | undefined;
  /** `unreadable` is not absent: such a unit is left alone. */
  readonly file: LocalFile | "unreadable" | undefined;
  /** Where its file is or would be. */
  readonly path: string;
  /** Absent while systemd has not been asked. */
  readonly local: LocalFacts | undefined;
  /** The highest mod revision of a seat that was acted on. */
  readonly watermark: Revision;
  readonly starts: StartMemory;
  /** The tombstone that was acknowledged. */
  readonly acked: Revision | undefined;
  /** This machine has said something of the unit in the registry. */
  readonly hasState: boolean;
  /** What is being done with it; nothing else is begun meanwhile. */
  readonly work: AgentTaskKind | undefined;
  /** Its old content has been stopped to be replaced, and the new one has not been started yet. */
  readonly isReplacing: boolean;
  /** Why it must not be started now although its seat asks for it; absent if it may be. */
  readonly startObstacle?: string | undefined;
  /** The newest run that was seen while systemd had the unit from fleet's own file; absent if none was. */
  readonly ownInvocation?: string | undefined;
  /** It was stopped by a job that was not fleet's, and has not run since. */
  readonly wasStopped: boolean;
  /** There is a unit here whose business it is to start it: a socket, a timer, a path. */
  readonly hasTrigger: boolean;
}

/** The machine at one moment. Maps are not kept or changed by the planner. */
export interface MachineView {
  readonly machine: MachineId;
  readonly condition: SeatsCondition;
  /** systemd can be reached. */
  readonly isConnected: boolean;
  readonly bootId: string;
  /** What somebody else has stopped is started again. */
  readonly reconcilesDrift: boolean;
  readonly units: ReadonlyMap<UnitName, UnitView>;
}

interface Step {
  readonly unit: UnitName;
  /** Why, in a sentence for people. */
  readonly reason: string;
}

interface SeatStep extends Step {
  /** The present seat that asks for it. */
  readonly seat: Seat;
}

/**
 * One step for one unit.
 * `load`: have the seat's content on disk and known to systemd. `replace`: stop the old content, then load the new one.
 * `stop`: stop and wait. `unload`: remove what is stopped, and acknowledge. `acknowledge`: nothing is there; say so.
 * `start`: issue the start of a generation. `note-start`: remember it as issued, although nothing is to be done.
 * `forget`: withdraw what was said of a unit that is neither here nor seated here.
 */
export type AgentTask =
  | { [K in "load" | "replace" | "stop" | "unload" | "acknowledge"]: SeatStep & { readonly kind: K } }[
      | "load"
      | "replace"
      | "stop"
      | "unload"
      | "acknowledge"]
  | { [K in "start" | "note-start"]: SeatStep & { readonly kind: K; readonly generation: Generation } }[
      | "start"
      | "note-start"]
  | (Step & { readonly kind: "forget" });

/** The kinds of tasks. */
export type AgentTaskKind = AgentTask["kind"];

/** What is to be done now, and what has to wait for something, with the reason. */
export interface MachinePlan {
  readonly tasks: readonly AgentTask[];
  readonly waits: ReadonlyMap<UnitName, string>;
}
