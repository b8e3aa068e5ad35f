import { createServer, type RequestListener, type Server } from "node:http";
import { FleetError } from "@fleet/core";
import type { Clock, ClusterInsight, ClusterReplica, Logger, UnitRegistry } from "@fleet/core/ports";
import { type ApiCounters, MutableApiCounters } from "./api-counters.js";
import { ChangeTracker } from "./change-tracker.js";
import { type ApiAddress, listenOn } from "./listen.js";
import { answerProtocolErrors } from "./protocol-error.js";
import { ReplicaAccess } from "./replica-access.js";
import { createRequestListener } from "./request-listener.js";
import type { Availability } from "./services.js";
import { SortedView } from "./sorted-view.js";

/** The original's; a wait for a thousand units needs a long line. */
const headerBytesMax = 1024 * 1024;
/** For the headers of a request, and for the whole of it: a slow client does not keep a connection busy. */
const headersMsMax = 10_000;
const requestMsMax = 60_000;
/** How often slow requests are looked for; Node's own 30 s would let them live three times as long. */
const lookMs = 2_500;
const keepAliveMs = 75_000;
/** A connection on which nothing moves for so long is cut: its client does not take its answer. Long polls are shorter. */
const silenceMsMax = 90_000;
/** How long requests may take to end when the server stops. */
const stopMsMax = 3_000;
/** Connections of one listener at a time. */
const connectionsMax = 2_000;

/** What an API server is made of. */
export interface ApiServerOptions {
  readonly replica: ClusterReplica;
  readonly units: UnitRegistry;
  /** Asked why units are where they are. */
  readonly insight: ClusterInsight;
  /** Whether the daemon is registered; while it is not, everything is answered with 503. */
  availability(): Availability;
  /** Entries on a page, 1 to 65535. */
  readonly tokenLimit: number;
  readonly version: string;
  /** The machine this server runs on. */
  readonly machineId?: string;
  readonly logger: Logger;
  readonly clock: Clock;
  /** What the daemon says of its other parts in `/fleet/v2/debug/state`: nothing that is secret. */
  readonly debugState?: () => object;
  /** Makes the body of `/metrics`; without it there is no such resource. */
  readonly metrics?: () => Promise<{ readonly contentType: string; readonly body: string }>;
}

/** The HTTP API of one daemon. */
export interface ApiServer {
  /** A live view. */
  readonly counters: ApiCounters;
  /** Answers requests; for transports of their own, such as that of tests. */
  readonly listener: RequestListener;
  /** Begins to listen, on as many addresses as are asked for. @returns the endpoint. @throws {FleetError} */
  listen(address: ApiAddress): Promise<string>;
  /** Serves until aborted; then stops listening and answers what is under way. */
  run(signal: AbortSignal): Promise<void>;
}

/** Builds the HTTP API. It does nothing before the first request. */
export function createApiServer(options: ApiServerOptions): ApiServer {
  const { clock, replica, tokenLimit } = options;
  if (!Number.isInteger(tokenLimit) || tokenLimit < 1 || tokenLimit > 0xffff) {
    throw new FleetError("invalid-argument", `token_limit must be 1 to 65535, not ${tokenLimit}`);
  }
  const stopping = new AbortController();
  const access = new ReplicaAccess(replica, clock);
  const tracker = new ChangeTracker(replica);
  const sorted = new SortedView(replica);
  const counters = new MutableApiCounters();
  const services = {
    access,
    availability: () => options.availability(),
    clock,
    counters,
    debugState: options.debugState,
    insight: options.insight,
    logger: options.logger,
    machineId: options.machineId ?? "",
    metrics: options.metrics,
    replica,
    sorted,
    tokenLimit,
    tracker,
    units: options.units,
    version: options.version,
  };
  const listener = createRequestListener(services, counters, options.logger, stopping.signal);
  const servers = new Set<Server>();
  return {
    counters,
    listener,
    listen: async (address) => {
      const server = createHttpServer(listener);
      answerProtocolErrors(server, services);
      const endpoint = await listenOn(server, address);
      servers.add(server);
      server.on("error", (error) => options.logger.error("listener failed", { err: error, endpoint }));
      return endpoint;
    },
    run: async (signal) => {
      await aborted(signal);
      const closed = Promise.all([...servers].map(close));
      stopping.abort(new FleetError("unavailable", "fleetd is stopping"));
      await withinGrace(clock, closed, () => {
        for (const server of servers) server.closeAllConnections();
      });
      tracker.close();
      sorted.close();
    },
  };
}

function createHttpServer(listener: RequestListener): Server {
  const server = createServer(
    {
      maxHeaderSize: headerBytesMax,
      headersTimeout: headersMsMax,
      requestTimeout: requestMsMax,
      connectionsCheckingInterval: lookMs,
      keepAliveTimeout: keepAliveMs,
    },
    listener,
  );
  // Whoever says all there is to say and closes that side, as `nc -N` does, is answered all the same.
  Object.assign(server, { httpAllowHalfOpen: true });
  server.maxConnections = connectionsMax;
  server.timeout = silenceMsMax;
  return server;
}

/** Stops listening at once; idle connections are cut, busy ones may finish their answer. */
function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
}

/** Waits for `closed`; what takes too long is cut off. */
async function withinGrace(clock: Clock, closed: Promise<unknown>, cutOff: () => void): Promise<void> {
  const timer = new AbortController();
  const grace = clock.sleep(stopMsMax, timer.signal).then(cutOff, () => undefined);
  await closed;
  timer.abort();
  await grace;
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
