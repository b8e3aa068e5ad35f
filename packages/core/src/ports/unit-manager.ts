import type { UnitName } from "../unit/unit-name.js";

/** A unit as systemd sees it. The words come unchanged from systemd. */
export interface LocalUnit {
  readonly name: UnitName;
  /** `loaded`, `not-found`, `bad-setting`, `error`, `masked`, … */
  readonly loadState: string;
  /** `active`, `reloading`, `inactive`, `failed`, `activating`, `deactivating`, … */
  readonly activeState: string;
  readonly subState: string;
  /** The file systemd read, or empty. */
  readonly fragmentPath: string;
  /** That file, or the link by which systemd has found it, is not there any more, and systemd has not noticed. */
  readonly isFileGone?: boolean;
  /** Hex, lower case, 32 digits; empty if the unit never ran. Changes with each activation. */
  readonly invocationId: string;
  /** The file has changed since systemd read it. */
  readonly needDaemonReload: boolean;
  /** A job is queued or running for it. */
  readonly hasJob: boolean;
  /** How its newest process ended; only of a service that has failed or waits for its restart. */
  readonly outcome?: UnitOutcome;
}

/** How a service's main process ended. */
export interface UnitOutcome {
  /** systemd's word: `exit-code`, `signal`, `timeout`, `start-limit-hit`, … */
  readonly result: string;
  /** `none`: there was no process. */
  readonly end: "exited" | "killed" | "none";
  /** The exit status, or the number of the signal. */
  readonly status: number;
  /** How often systemd has restarted it by itself since it was started. */
  readonly restarts: number;
}

/** How a job ended, in systemd's word; `lost`: the connection broke before it said so. */
export type JobResult =
  | "done"
  | "canceled"
  | "timeout"
  | "failed"
  | "dependency"
  | "skipped"
  | "lost"
  | (string & {});

/** A queued job. */
export interface Job {
  /** Resolves when the job has left the queue; never rejects. */
  readonly result: Promise<JobResult>;
}

/**
 * `changed`: look again at these. `resynced`: look at everything again (reconnected, or systemd has reloaded).
 * `disconnected`: nothing is known any more. `job-done`: a job, whoever queued it, did what it was for on a unit that ran
 * when it was queued; if the unit does not run now, and still has the invocation id of that moment (`invocationId`; empty if
 * unknown), then it did not end by itself, but was stopped. Another id means that the job started it, as systemd's own
 * restarts do; of such a restart that a condition of the unit forbids nothing is said.
 */
export type UnitManagerEvent =
  | { readonly kind: "changed"; readonly units: ReadonlySet<UnitName> }
  | { readonly kind: "resynced" }
  | { readonly kind: "job-done"; readonly unit: UnitName; readonly invocationId: string }
  | { readonly kind: "disconnected"; readonly problem: string };

/**
 * systemd, over D-Bus. Calls reject with `unavailable` while there is no connection and `deadline-exceeded` when systemd
 * does not answer; systemd's refusals are `not-found` (no such unit), `conflict` (the transaction cannot be built, the
 * unit is masked, …) or `permission-denied`, with systemd's own text.
 */
export interface UnitManager {
  readonly connected: boolean;
  /** Why systemd cannot be reached, for people; absent while it can be, and until it has been tried. */
  readonly problem: string | undefined;
  /** Connects, stays connected (backing off between attempts), and delivers events until aborted. */
  run(signal: AbortSignal): Promise<void>;
  subscribe(listener: (event: UnitManagerEvent) => void): () => void;
  /**
   * The boot of this manager: the kernel's boot id and the moment this manager's userspace began; unchanged by a re-exec.
   * Waits until connected.
   */
  bootId(signal: AbortSignal): Promise<string>;
  /** The manager's own word: `running`, `degraded`, `starting`, `stopping`, … */
  systemState(signal: AbortSignal): Promise<string>;
  /** Loads the unit if necessary and describes it. A unit without a file is `not-found`, which is no error. */
  describe(name: UnitName, signal: AbortSignal): Promise<LocalUnit>;
  /** Describes those of `names` that systemd has in memory, in one call; the others are missing in the result. */
  describeLoaded(names: readonly UnitName[], signal: AbortSignal): Promise<ReadonlyMap<UnitName, LocalUnit>>;
  /** Makes files outside systemd's search path known to it, until the next boot. */
  link(paths: readonly string[], signal: AbortSignal): Promise<void>;
  /** Enables files by their `[Install]` section, until the next boot; those outside systemd's search path are linked, too. */
  enable(paths: readonly string[], signal: AbortSignal): Promise<void>;
  /** Undoes `enable` and `link`. Unknown names are no error. */
  disable(names: readonly UnitName[], signal: AbortSignal): Promise<void>;
  /** Makes systemd read all unit files again. Costs time in proportion to all units of the machine. */
  reload(signal: AbortSignal): Promise<void>;
  start(name: UnitName, signal: AbortSignal): Promise<Job>;
  /** A unit that is not loaded is stopped already: the job's result is then `done`. */
  stop(name: UnitName, signal: AbortSignal): Promise<Job>;
  /** Clears a failure. Units that systemd does not know are no error. */
  resetFailed(name: UnitName, signal: AbortSignal): Promise<void>;
}

/** The directory where this machine keeps the texts of fleet's units; the file names are the unit names. */
export interface UnitDirectory {
  /** The absolute path of a unit's file, existing or not. */
  pathOf(name: UnitName): string;
  /** The units whose files are there. Files with other names are ignored. */
  list(): Promise<readonly UnitName[]>;
  /** @returns the exact text, or `undefined` if there is no file. */
  read(name: UnitName): Promise<string | undefined>;
  /** Writes beside and renames: after a crash the file is the old one or the new one. */
  write(name: UnitName, text: string): Promise<void>;
  /** Removes the file if it is there. */
  remove(name: UnitName): Promise<void>;
}
