import { type ErrorCode, isFleetError } from "@fleet/core";
import { Interrupted } from "./interrupted.js";
import { UsageError } from "./usage-error.js";

/** What a command ends with. */
export const exitCode = { ok: 0, failed: 1, usage: 2 } as const;

/** Every way to fail has its exit code; a new one does not compile before it has one. */
const exitCodes = {
  "invalid-argument": exitCode.failed,
  "not-found": exitCode.failed,
  "already-exists": exitCode.failed,
  conflict: exitCode.failed,
  unavailable: exitCode.failed,
  "deadline-exceeded": exitCode.failed,
  cancelled: exitCode.failed,
  "permission-denied": exitCode.failed,
  compacted: exitCode.failed,
  internal: exitCode.failed,
} as const satisfies Record<ErrorCode, number>;

/** The exit code for whatever a command threw. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return exitCode.usage;
  if (error instanceof Interrupted) return error.exitCode;
  return isFleetError(error) ? exitCodes[error.code] : exitCode.failed;
}
