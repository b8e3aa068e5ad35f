/** Why the lab could not do what was asked; the closed list that callers may branch on. */
export type LabErrorCode =
  /** A lab (or machine) of this name is up already. */
  | "already-running"
  /** No such lab, or no such machine, or it is off. */
  | "not-running"
  /** The caller's input is wrong. */
  | "invalid"
  /** Something this host must have is not there; the hint says what to install or do. */
  | "missing"
  /** A command or a process of the lab failed. */
  | "failed"
  /** Something did not happen in its time. */
  | "timeout";

/** An operational failure of the lab. Messages are lower case and name the thing. */
export class LabError extends Error {
  readonly code: LabErrorCode;
  /** One sentence that tells a person what to do next. */
  readonly hint: string | undefined;

  constructor(code: LabErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "LabError";
    this.code = code;
    this.hint = options.hint;
  }
}
