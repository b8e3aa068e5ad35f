import * as http from "node:http";
import type { RequestOptions } from "node:https";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { dialWith } from "./dialling-agent.js";
import type { Endpoint } from "./endpoint.js";
import { linkController } from "./linked-controller.js";
import type { HttpAnswer, HttpRequest, Transport } from "./transport.js";
import { transportFailure } from "./transport-failure.js";

/** Connections kept to one server; as many requests can run at once. */
const connectionsMax = 16;
/** An answer that is larger than this is no answer of fleet's; the largest page there can be is far smaller. */
const answerBytesMax = 256 * 1024 * 1024;

/** How to prove who one is, and whom to believe; all in PEM. The server is always verified. */
export interface TlsOptions {
  /** Authorities that the server's certificate must come from; default the system's. */
  readonly ca?: string;
  /** The client's certificate. */
  readonly cert?: string;
  /** The key of the client's certificate. */
  readonly key?: string;
}

/** How to build a transport that differs from a plain connection. */
export interface HttpTransportOptions {
  /** For `https://` endpoints. */
  readonly tls?: TlsOptions;
  /** Supplies the connection for each request; for transports without a network. */
  readonly connect?: () => Duplex;
  /**
   * Opens what connections run over instead of TCP or a socket, as a tunnel does. There is one at a time, kept for further
   * requests; TLS, if the endpoint has it, is spoken inside. A `TunnelError` ends the attempts at other endpoints.
   */
  readonly dial?: () => Promise<Duplex>;
  /** How long to wait for the server's host to take a connection. Default: as long as the signal allows. */
  readonly connectTimeoutMs?: number;
}

/** What `node:http` and `node:https` have in common. */
interface Protocol {
  readonly request: (
    options: RequestOptions,
    onAnswer: (incoming: http.IncomingMessage) => void,
  ) => http.ClientRequest;
  /** Keeps connections; absent where each request has its own. */
  readonly agent: http.Agent | undefined;
}

/**
 * Speaks HTTP to one endpoint over TCP, TLS or a unix socket, keeping connections for further requests.
 * It has no time limit of its own: the signal is the limit.
 */
export function createHttpTransport(endpoint: Endpoint, options: HttpTransportOptions = {}): Transport {
  let opening: Promise<Protocol> | undefined;
  let agent: http.Agent | undefined;
  return {
    endpoint: endpoint.text,
    request: async (request, signal) => {
      signal.throwIfAborted();
      opening ??= openProtocol(endpoint, options);
      const protocol = await opening;
      agent = protocol.agent;
      const own = linkController(signal);
      try {
        const how = requestOptions(endpoint, request, options.connect);
        return await exchange(protocol, how, request, own.signal, options.connectTimeoutMs);
      } catch (error) {
        signal.throwIfAborted();
        throw transportFailure(error, endpoint, request);
      } finally {
        own.unlink();
      }
    },
    close: () => agent?.destroy(),
  };
}

/** TLS is loaded only where it is spoken, because that takes time. */
async function openProtocol(endpoint: Endpoint, options: HttpTransportOptions): Promise<Protocol> {
  const { connect, dial } = options;
  const keeping = { keepAlive: true, maxSockets: dial === undefined ? connectionsMax : 1 };
  if (endpoint.scheme === "https") {
    const https = await import("node:https");
    const agent = new https.Agent({ ...keeping, ...options.tls });
    return { request: https.request, agent: dial === undefined ? agent : dialWith(agent, dial) };
  }
  if (connect !== undefined) return { request: http.request, agent: undefined };
  const agent = new http.Agent(keeping);
  return { request: http.request, agent: dial === undefined ? agent : dialWith(agent, dial) };
}

function requestOptions(
  endpoint: Endpoint,
  request: HttpRequest,
  connect: (() => Duplex) | undefined,
): http.RequestOptions {
  const options: http.RequestOptions = {
    method: request.method,
    path: endpoint.prefix + request.path,
    headers: { ...request.headers, ...bodyHeaders(request) },
  };
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
  protocol: Protocol,
  options: http.RequestOptions,
  request: HttpRequest,
  signal: AbortSignal,
  connectTimeoutMs: number | undefined,
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const agent = protocol.agent === undefined ? {} : { agent: protocol.agent };
    const outgoing = protocol.request({ ...options, ...agent, signal }, (incoming) => {
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
    if (connectTimeoutMs !== undefined) {
      outgoing.on("socket", (socket) => limitConnecting(socket, connectTimeoutMs));
    }
    outgoing.end(request.body);
  });
}

/** A host that is gone says nothing, and the system would ask it for minutes. */
function limitConnecting(socket: Socket, limitMs: number): void {
  if (!socket.connecting) return;
  const giveUp = (): void => {
    const silence = { code: "ETIMEDOUT", syscall: "connect" };
    socket.destroy(Object.assign(new Error("the host does not answer"), silence));
  };
  socket.setTimeout(limitMs, giveUp);
  socket.once("connect", () => {
    socket.off("timeout", giveUp);
    socket.setTimeout(0);
  });
}

function joinHeaders(headers: http.IncomingHttpHeaders): Record<string, string> {
  const joined: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) joined[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return joined;
}
