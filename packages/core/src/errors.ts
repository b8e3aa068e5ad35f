/**
 * The closed list of ways in which an operation can fail. HTTP statuses and exit codes are tables over it,
 * so that a new code does not compile until both have decided.
 */
export type ErrorCode =
  /** The caller's input is wrong; repeating the call cannot help. */
  | "invalid-argument"
  | "not-found"
  | "already-exists"
  /** The world changed between reading and writing; read again and decide again. */
  | "conflict"
  /** Something that is needed cannot be reached now. A write that failed so may or may not have happened. */
  | "unavailable"
  | "deadline-exceeded"
  | "cancelled"
  /** The caller may not do this, or its credentials were refused. */
  | "permission-denied"
  /** The history asked for is gone (etcd compaction): read everything again. */
  | "compacted"
  | "internal";

/** What a failure can carry beside its message. */
export interface FleetErrorOptions {
  /** One sentence that tells a person what to do next. */
  readonly hint?: string;
  /** The error underneath, for logs. */
  readonly cause?: unknown;
}

/**
 * An operational failure: something outside went wrong, and somebody should be told.
 * Expected outcomes are values, and bugs are failed assertions; neither is a `FleetError`.
 * Messages are lower case, start with "cannot" where that reads well, and name the thing.
 */
export class FleetError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: FleetErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "FleetError";
    this.code = code;
    this.hint = options.hint;
  }
}

/**
 * etcd was wiped, restored or exchanged, and what it says is not acted upon until an operator says that it is the right
 * one. The only `unavailable` that waiting does not cure; reads are refused like writes.
 */
export class RegistryDistrustError extends FleetError {
  /** @param problem - What was found; the message tells it. */
  constructor(problem: string) {
    super("unavailable", `the registry is not believed: ${problem}`, {
      hint:
        "etcd was wiped or restored: what runs, runs on, and nothing else is done. " +
        "If this etcd is the right one now, say so with: fleetctl machine accept --all",
    });
    this.name = "RegistryDistrustError";
  }
}

/**
 * Narrows an unknown thrown value to a `FleetError`, optionally of one code.
 * @param code - If given, only an error with this code counts.
 */
export function isFleetError(error: unknown, code?: ErrorCode): error is FleetError {
  return error instanceof FleetError && (code === undefined || error.code === code);
}
