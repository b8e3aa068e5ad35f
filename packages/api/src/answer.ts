import { type ErrorCode, type FleetError, isFleetError, RegistryDistrustError } from "@fleet/core";
import { encodeJson, encodeJsonText } from "./json.js";

/** What a handler gives back: an HTTP answer without the headers that all answers have. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Absent for an answer without a body. What is made in parts is made while it is sent. */
  readonly body?: string | AsyncIterable<string>;
  /** The `Content-Type` of the body; default JSON. */
  readonly contentType?: string;
}

/** Every way to fail has its HTTP status; a new code does not compile before it has one. */
const statuses = {
  "invalid-argument": 400,
  "not-found": 404,
  "already-exists": 409,
  conflict: 409,
  unavailable: 503,
  "deadline-exceeded": 504,
  cancelled: 499,
  "permission-denied": 403,
  compacted: 503,
  internal: 500,
} as const satisfies Record<ErrorCode, number>;

/** A refusal with a status of its own, where the original's differs from what the code would give. */
export class HttpError extends Error {
  readonly status: number;
  readonly hint: string | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    message: string,
    options: { readonly hint?: string; readonly headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message);
    this.name = "HttpError";
    this.status = status;
    this.hint = options.hint;
    this.headers = options.headers ?? {};
  }
}

/** A successful answer with a JSON body. */
export function jsonAnswer(entity: object, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status: 200, headers, body: encodeJson(entity) };
}

/**
 * An error answer. Code and message always stand, however empty.
 * @param hint - For people; in answers of v1, whose bodies are the original's, only for what the original did not know.
 */
export function errorAnswer(
  status: number,
  message: string,
  options: { readonly hint?: string; readonly headers?: Readonly<Record<string, string>> } = {},
): Answer {
  const hint = options.hint === undefined ? "" : `"hint":${encodeJsonText(options.hint)},`;
  const body = `{"error":{"code":${status},${hint}"message":${encodeJsonText(message)}}}`;
  return { status, body, ...(options.headers === undefined ? {} : { headers: options.headers }) };
}

/**
 * Turns what a handler threw into its answer.
 * @param withHint - Whether the answer may carry a hint whatever the error.
 * @returns the answer, and whether the failure is our own and belongs into the log.
 */
export function answerForError(
  error: unknown,
  withHint: boolean,
): { readonly answer: Answer; readonly isInternal: boolean } {
  const refusal = refusalIn(error, withHint);
  if (refusal === undefined) return { answer: errorAnswer(500, "internal error"), isInternal: true };
  const { status, message, ...options } = refusal;
  return { answer: errorAnswer(status, message, options), isInternal: false };
}

/** What is said of something that was refused or could not be done. */
export interface Refusal {
  readonly status: number;
  readonly message: string;
  readonly hint?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Reads in what a handler threw what is to be said of it.
 * @param withHint - Whether a hint may be told whatever the error.
 * @returns `undefined` for a failure of our own.
 */
export function refusalIn(error: unknown, withHint: boolean): Refusal | undefined {
  if (error instanceof HttpError) {
    const { status, message, headers } = error;
    return {
      status,
      message,
      ...(withHint && error.hint !== undefined ? { hint: error.hint } : {}),
      headers,
    };
  }
  if (!isFleetError(error) || error.code === "internal") return undefined;
  // The original had nothing like a freeze, and no word of its own tells how it is lifted.
  const hint = withHint || error instanceof RegistryDistrustError ? hintOf(error) : {};
  return { status: statuses[error.code], message: error.message, ...hint };
}

function hintOf(error: FleetError): { readonly hint?: string } {
  return error.hint === undefined ? {} : { hint: error.hint };
}
