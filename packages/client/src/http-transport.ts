import * as http from "node:http";
import type { Duplex } from "node:stream";
import { TransportError } from "./api-error.js";
import type { Endpoint } from "./endpoint.js";
import type { HttpAnswer, HttpRequest, Transport } from "./transport.js";

/** Connections kept to one server; as many requests can run at once. */
const connectionsMax = 16;
/** An answer that is larger than this is no answer of fleet's; the largest page there can be is far smaller. */
const answerBytesMax = 256 * 1024 * 1024;

/** How to build a transport that differs from a plain connection. */
export interface HttpTransportOptions {
  /** Supplies the connection for each request; for transports without a network. */
  readonly connect?: () => Duplex;
}

/**
 * Speaks HTTP to one endpoint over TCP or a unix socket, keeping connections for further requests.
 * It has no time limit of its own: the signal is the limit.
 */
export function createHttpTransport(endpoint: Endpoint, options: HttpTransportOptions = {}): Transport {
  const agent =
    options.connect === undefined
      ? new http.Agent({ keepAlive: true, maxSockets: connectionsMax })
      : undefined;
  return {
    endpoint: endpoint.text,
    request: async (request, signal) => {
      signal.throwIfAborted();
      try {
        return await exchange(requestOptions(endpoint, request, agent, options.connect), request, signal);
      } catch (error) {
        signal.throwIfAborted();
        throw translate(error, endpoint, request);
      }
    },
    close: () => agent?.destroy(),
  };
}

function requestOptions(
  endpoint: Endpoint,
  request: HttpRequest,
  agent: http.Agent | undefined,
  connect: (() => Duplex) | undefined,
): http.RequestOptions {
  const options: http.RequestOptions = {
    method: request.method,
    path: endpoint.prefix + request.path,
    headers: { ...request.headers, ...bodyHeaders(request) },
  };
  if (agent !== undefined) options.agent = agent;
  if (connect !== undefined) options.createConnection = () => connect() as never;
  if (endpoint.scheme === "unix") {
    options.headers = { host: "domain-sock", ...options.headers };
    if (endpoint.socketPath !== undefined) options.socketPath = endpoint.socketPath;
  } else {
    if (endpoint.host !== undefined) options.host = endpoint.host;
    if (endpoint.port !== undefined) options.port = endpoint.port;
  }
  return options;
}

function bodyHeaders(request: HttpRequest): Record<string, string | number> {
  return request.body === undefined ? {} : { "content-length": Buffer.byteLength(request.body) };
}

function exchange(
  options: http.RequestOptions,
  request: HttpRequest,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    // Many requests may share the caller's signal; each gets one of its own to listen to.
    const own = AbortSignal.any([signal]);
    const outgoing = http.request({ ...options, signal: own }, (incoming) => {
      const chunks: Buffer[] = [];
      let length = 0;
      incoming.on("data", (chunk: Buffer) => {
        chunks.push(chunk);
        length += chunk.length;
        if (length > answerBytesMax) incoming.destroy(new Error("the answer is too large"));
      });
      incoming.on("error", reject);
      incoming.on("end", () => {
        resolve({
          status: incoming.statusCode ?? 0,
          headers: joinHeaders(incoming.headers),
          body: Buffer.concat(chunks).toString("utf8"),
        });
      });
    });
    outgoing.on("error", reject);
    outgoing.end(request.body);
  });
}

function joinHeaders(headers: http.IncomingHttpHeaders): Record<string, string> {
  const joined: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) joined[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return joined;
}

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
function translate(error: unknown, endpoint: Endpoint, request: HttpRequest): TransportError {
  const { code, syscall, message } = error as NodeJS.ErrnoException;
  const host =
    endpoint.scheme === "unix"
      ? "http://domain-sock"
      : `${endpoint.scheme}://${endpoint.host?.includes(":") ? `[${endpoint.host}]` : endpoint.host}:${endpoint.port}`;
  const verb = request.method.charAt(0) + request.method.slice(1).toLowerCase();
  const where = `${verb} "${host}${endpoint.prefix}${request.path}"`;
  const beforeSending = syscall !== undefined && callsBeforeSending.includes(syscall);
  const reason = code === undefined ? message : (reasons[code] ?? message);
  const what = beforeSending ? `dial ${address(endpoint)}: ${syscall}: ${reason}` : reason;
  return new TransportError("unavailable", `${where}: ${what}`, !beforeSending, error);
}

function address(endpoint: Endpoint): string {
  return endpoint.scheme === "unix"
    ? `unix ${endpoint.socketPath}`
    : `tcp ${endpoint.host?.includes(":") ? `[${endpoint.host}]` : endpoint.host}:${endpoint.port}`;
}
