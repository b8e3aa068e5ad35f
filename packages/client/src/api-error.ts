import { type ErrorCode, FleetError } from "@fleet/core";
import { endpointForPeople } from "./endpoint.js";
import type { HttpAnswer } from "./transport.js";

/** Statuses that say more than their class does. */
const codes: Readonly<Record<number, ErrorCode>> = {
  401: "permission-denied",
  403: "permission-denied",
  404: "not-found",
  409: "conflict",
  499: "cancelled",
  503: "unavailable",
  504: "deadline-exceeded",
};

/** An error answer of the server. The message is the server's own; it may be empty. */
export class ApiError extends FleetError {
  readonly status: number;
  /** The whole body, for answers that are not in the API's shape. */
  readonly body: string;

  constructor(status: number, body: string, message: string, hint: string | undefined) {
    const fallback: ErrorCode = status >= 400 && status < 500 ? "invalid-argument" : "internal";
    super(codes[status] ?? fallback, message, hint === undefined ? {} : { hint });
    this.name = "ApiError";
    this.status = status;
    this.body = body;
  }
}

/** The request never got a complete answer. */
export class TransportError extends FleetError {
  /** Whether the server may have seen the request; only if not is it safe to repeat a write elsewhere. */
  readonly mayHaveArrived: boolean;

  constructor(code: ErrorCode, message: string, mayHaveArrived: boolean, cause?: unknown, hint?: string) {
    super(code, message, {
      ...(cause === undefined ? {} : { cause }),
      ...(hint === undefined ? {} : { hint }),
    });
    this.name = "TransportError";
    this.mayHaveArrived = mayHaveArrived;
  }
}

/** What all endpoints are reached through has failed, so there is no use in asking another one. Thrown by those who dial. */
export class TunnelError extends FleetError {
  constructor(
    code: ErrorCode,
    message: string,
    options: { readonly hint?: string; readonly cause?: unknown },
  ) {
    super(code, message, options);
    this.name = "TunnelError";
  }
}

/** Reads an error answer, whoever wrote it. */
export function errorFromAnswer(answer: HttpAnswer): ApiError {
  const { message, hint } = errorFields(answer.body);
  // What is wrong with the request is wrong everywhere; this may be one server's own trouble.
  const isOneServers = answer.status >= 500 && answer.endpoint !== undefined;
  const whose = isOneServers ? [`this is the answer of ${endpointForPeople(answer.endpoint)}`] : [];
  // A hint of the server may end with a command to copy.
  const told = [...whose, ...(hint === undefined ? [] : [hint])].join("; ");
  return new ApiError(answer.status, answer.body, message, told === "" ? undefined : told);
}

function errorFields(body: string): { readonly message: string; readonly hint: string | undefined } {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return { message: "", hint: undefined };
  }
  const error = field(parsed, "error");
  const message = field(error, "message");
  const hint = field(error, "hint");
  return {
    message: typeof message === "string" ? message : "",
    hint: typeof hint === "string" ? hint : undefined,
  };
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}
