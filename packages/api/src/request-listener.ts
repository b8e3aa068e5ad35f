import type { IncomingMessage, RequestListener } from "node:http";
import { linkController } from "@fleet/client";
import { FleetError } from "@fleet/core";
import type { Logger } from "@fleet/core/ports";
import { type Answer, answerForError, errorAnswer } from "./answer.js";
import type { MutableApiCounters } from "./api-counters.js";
import { isTroubleWithEtcd, refusalForEtcd } from "./etcd-trouble.js";
import { unavailableMessage } from "./replica-access.js";
import { createApiRequest } from "./request.js";
import { matchRoute, type Route } from "./routes.js";
import type { Handler, Services } from "./services.js";
import { cleanPath, splitTarget } from "./target.js";
import { withTimeLimit } from "./time-limit.js";
import { withoutCredentials } from "./without-credentials.js";
import { writeAnswer } from "./write-answer.js";
import { wrongMethod } from "./wrong-method.js";

/** The longest that a request may take, from its headers to its answer; long polls set their own time. */
const requestMsMax = 30_000;
/** What a request counts as whose client left before its answer. */
const clientLeft = 499;

/** Every request ends with it, answered or not, so it is made once. */
const hasLeft = new FleetError("cancelled", "the client has left");

/**
 * Makes the function that answers requests. It never throws, and every request gets an answer unless its client leaves.
 * @param signal - When it is aborted, requests that still wait for something are answered with 503.
 */
export function createRequestListener(
  services: Services,
  counters: MutableApiCounters,
  logger: Logger,
  signal: AbortSignal,
): RequestListener {
  return (incoming, outgoing) => {
    const request = linkController(signal);
    const noMore = new AbortController();
    const onEnd = (): void => noMore.abort();
    incoming.socket?.once("end", onEnd);
    counters.begin();
    outgoing.on("close", () => {
      incoming.socket?.removeListener("end", onEnd);
      counters.end(outgoing.headersSent ? outgoing.statusCode : clientLeft);
      request.unlink();
      request.abort(hasLeft);
    });
    void serve(services, incoming, noMore.signal, request.signal)
      .catch((error: unknown) => failed(error, incoming, request.signal, logger))
      .then((answer) => writeAnswer(services, incoming, outgoing, answer))
      .catch((error: unknown) => {
        logger.error("answer not written", { path: incoming.url, err: error });
        outgoing.destroy();
      });
  };
}

async function serve(
  services: Services,
  incoming: IncomingMessage,
  noMore: AbortSignal,
  signal: AbortSignal,
): Promise<Answer> {
  const target = incoming.url ?? "/";
  if (target === "*" && incoming.method === "OPTIONS") return { status: 200 };
  const { path, query } = splitTarget(target);
  const clean = cleanPath(path);
  const match = matchRoute(clean);
  const { available, problem } = services.availability();
  if (!available && match?.route.isAlwaysOn !== true) {
    const hint = isV2(target) && problem !== undefined ? { hint: withoutCredentials(problem) } : {};
    return errorAnswer(503, unavailableMessage, hint);
  }
  if (clean !== path) return moved(incoming, clean, query);
  if (match === undefined) return errorAnswer(404, "");
  const handler = handlerFor(match.route, incoming.method ?? "GET");
  if (handler === undefined) return wrongMethod(match.route);
  const request = createApiRequest(incoming, match.name, query, noMore);
  if (match.route.isLongPoll === true) return handler(services, request, signal);
  const reason = (): Error =>
    new FleetError("deadline-exceeded", `no answer within ${requestMsMax / 1000} s`);
  return withTimeLimit(services.clock, requestMsMax, signal, reason, (limited) =>
    handler(services, request, limited),
  );
}

/** Bodies of v1 are the original's; hints are for v2. */
function isV2(target: string): boolean {
  return target.startsWith("/fleet/v2/");
}

/** Reads are sent to the clean path, as the original did; writes are not, because clients repeat them as reads. */
function moved(incoming: IncomingMessage, path: string, query: string): Answer {
  if (incoming.method !== "GET" && incoming.method !== "HEAD") return errorAnswer(404, "");
  const location = encodeURI(path) + (query === "" ? "" : `?${query}`);
  const shown = location.replaceAll("&", "&amp;").replaceAll('"', "&#34;").replaceAll("<", "&lt;");
  return {
    status: 301,
    headers: { Location: location },
    contentType: "text/html; charset=utf-8",
    body: `<a href="${shown}">Moved Permanently</a>.\n\n`,
  };
}

function handlerFor(route: Route, method: string): Handler | undefined {
  const known = Object.hasOwn(route.methods, method) ? route.methods[method] : undefined;
  if (known !== undefined) return known;
  return method === "HEAD" ? (route.methods.GET ?? route.methods["*"]) : route.methods["*"];
}

function failed(error: unknown, incoming: IncomingMessage, signal: AbortSignal, logger: Logger): Answer {
  if (!signal.aborted && isTroubleWithEtcd(error)) {
    const { method, url = "" } = incoming;
    logger.warn("etcd did not serve a request", { method, path: url, reason: error.message });
    const { status, message, ...options } = refusalForEtcd(error, isV2(url));
    return errorAnswer(status, message, options);
  }
  const { answer, isInternal } = answerForError(error, isV2(incoming.url ?? ""));
  if (isInternal) {
    logger.error("request failed", { method: incoming.method, path: incoming.url, err: error });
  }
  return answer;
}
