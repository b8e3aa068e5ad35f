import { isFleetError } from "@fleet/core";
import { TransportError } from "./api-error.js";
import type { Endpoint } from "./endpoint.js";
import { distrustOf, isPlainAnswer, tlsReasonOf } from "./tls-failure.js";
import type { HttpRequest } from "./transport.js";

/** How much of a path stands in an error. */
const pathLengthMax = 300;

/** The words of the original's error texts for the system's error codes. */
const reasons: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset by peer",
  EHOSTUNREACH: "no route to host",
  ENETUNREACH: "network is unreachable",
  ENOENT: "no such file or directory",
  ENOTFOUND: "no such host",
  EPERM: "operation not permitted",
  ETIMEDOUT: "connection timed out",
};

/** Failures of these calls mean that no byte was sent. */
const callsBeforeSending: readonly string[] = ["connect", "getaddrinfo"];

/** Says what went wrong in the original's notation, which names the request and the address. */
export function transportFailure(error: unknown, endpoint: Endpoint, request: HttpRequest): TransportError {
  // A name with several addresses fails with one error for each.
  const [first] = error instanceof AggregateError ? error.errors : [error];
  const { code, syscall, message } = first as NodeJS.ErrnoException;
  const host = endpoint.scheme === "unix" ? "domain-sock" : hostAndPort(endpoint);
  const scheme = endpoint.scheme === "https" ? "https" : "http";
  const verb = request.method.charAt(0) + request.method.slice(1).toLowerCase();
  const where = `${verb} "${scheme}://${host}${endpoint.prefix}${shortened(request.path)}"`;
  const failure = (what: string, mayHaveArrived: boolean, hint?: string): TransportError =>
    new TransportError("unavailable", `${where}: ${what}`, mayHaveArrived, error, hint);

  const distrust = distrustOf(first);
  if (distrust !== undefined) {
    return new TransportError("permission-denied", `${where}: ${distrust.text}`, false, error, distrust.hint);
  }
  if (isPlainAnswer(first)) {
    const hint = `the server at ${host} does not speak TLS: http://${host}${endpoint.prefix}?`;
    return failure("http: server gave HTTP response to HTTPS client", false, hint);
  }
  // Whoever opened the connection for us may have said it all.
  if (isFleetError(first)) {
    return new TransportError(first.code, `${where}: ${message}`, true, error, first.hint);
  }
  const beforeSending = syscall !== undefined && callsBeforeSending.includes(syscall);
  const reason = (code === undefined ? undefined : reasons[code]) ?? tlsReasonOf(first) ?? message;
  const what = beforeSending ? `dial ${address(endpoint)}: ${syscall}: ${reason}` : reason;
  if (code === "EACCES" || code === "EPERM") {
    const hint = `you may not use ${endpoint.text}: become root, or a member of the group that may`;
    return new TransportError("permission-denied", `${where}: ${what}`, false, error, hint);
  }
  return failure(what, !beforeSending);
}

/** A wait for a thousand units has a long path, which nobody wants to read in an error. */
function shortened(path: string): string {
  return path.length <= pathLengthMax ? path : `${path.slice(0, pathLengthMax)}…`;
}

function address(endpoint: Endpoint): string {
  return endpoint.scheme === "unix" ? `unix ${endpoint.socketPath}` : `tcp ${hostAndPort(endpoint)}`;
}

function hostAndPort({ host, port }: Endpoint): string {
  return `${host?.includes(":") ? `[${host}]` : host}:${port}`;
}
