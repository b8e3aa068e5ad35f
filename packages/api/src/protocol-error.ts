import { type IncomingMessage, type Server, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { isFleetError } from "@fleet/core";
import { type Answer, errorAnswer } from "./answer.js";
import { unavailableMessage } from "./replica-access.js";
import { matchRoute } from "./routes.js";
import type { Services } from "./services.js";
import { cleanPath, splitTarget } from "./target.js";
import { wrongMethod } from "./wrong-method.js";

/** What Node's parser says of a request that it refuses. */
interface ParseError extends NodeJS.ErrnoException {
  /** What came last; it need not begin with the request. */
  readonly rawPacket?: Buffer;
}

/** A request line: a method that may be invented, and a target. */
const requestLine = /^([!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}) (\S+) HTTP\/1\.[01]\r?\n/;
/** What stands in no request line longer than this is not looked for. */
const lineLengthMax = 16_384;

/** Other statuses than 400, by the parser's code. */
const statuses: Readonly<Record<string, number>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  HPE_HEADER_OVERFLOW: 431,
};

/**
 * Answers what never becomes a request: a method that Node's parser does not know gets the same answer as any other wrong
 * method; what is no HTTP gets a line of text, as from the original. The connection ends with the answer.
 */
export function answerProtocolErrors(server: Server, services: Services): void {
  server.on("clientError", (error: ParseError, socket) => {
    // While an answer is on its way, anything else would be taken for a part of it.
    if (!socket.writable || isAnswering(socket)) return void socket.destroy();
    finish(socket, refusal(services, error), services.version);
  });
  // Nobody goes through fleetd to anywhere.
  server.on("connect", ({ url = "" }: IncomingMessage, socket: Duplex) => {
    // A target that is no path is that of a proxy.
    finish(socket, methodRefusal(services, url.startsWith("/") ? url : "/"), services.version);
  });
}

function refusal(services: Services, { code = "", rawPacket }: ParseError): Answer {
  const text = rawPacket?.toString("latin1", 0, lineLengthMax) ?? "";
  const [, method = "", target = "/"] = requestLine.exec(text) ?? [];
  if (code === "HPE_INVALID_METHOD" && method !== "") return methodRefusal(services, target);
  const status = statuses[code] ?? 400;
  const body = `${status} ${STATUS_CODES[status]}`;
  return { status, body, contentType: "text/plain; charset=utf-8" };
}

function methodRefusal({ availability }: Services, target: string): Answer {
  if (!availability().available) return errorAnswer(503, unavailableMessage);
  try {
    const match = matchRoute(cleanPath(splitTarget(target).path));
    return match === undefined ? errorAnswer(404, "") : wrongMethod(match.route);
  } catch (error) {
    if (isFleetError(error)) return errorAnswer(400, error.message);
    throw error;
  }
}

/** Node's own mark of a connection with an answer that has begun. */
function isAnswering(socket: Duplex): boolean {
  const { _httpMessage: message } = socket as { _httpMessage?: { readonly headersSent?: boolean } };
  return message?.headersSent === true;
}

function finish(socket: Duplex, { status, headers, body, contentType }: Answer, version: string): void {
  const text = typeof body === "string" ? body : "";
  const isProtocol = contentType !== undefined;
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    ...(isProtocol || status === 503 ? [] : [`Server: fleetd/${version}`]),
    `Content-Type: ${contentType ?? "application/json"}`,
    `Content-Length: ${Buffer.byteLength(text)}`,
    ...Object.entries(headers ?? {}).map(([name, value]) => `${name}: ${value}`),
    "Connection: close",
  ];
  // A client that has left already needs no answer.
  socket.on("error", () => undefined);
  socket.end(`${lines.join("\r\n")}\r\n\r\n${text}`, () => socket.destroy());
}
