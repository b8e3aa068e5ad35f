import { createInMemoryTransport, FleetClient, type HttpAnswer, type HttpRequest } from "@fleet/client";
import type { Logger } from "@fleet/core/ports";
import { createInsight } from "@fleet/engine";
import { type ApiServer, createApiServer } from "../api-server.js";
import type { Availability } from "../services.js";
import { ManualClock } from "./manual-clock.js";
import { PretendCluster } from "./pretend-cluster.js";

/** A log for tests that do not look at it, except that an error is never expected. */
export function createStrictLogger(): Logger {
  const quiet = (): void => undefined;
  const logger: Logger = {
    error: (message, fields) => {
      throw new Error(`logged an error: ${message}`, { cause: fields?.err });
    },
    warn: quiet,
    info: quiet,
    debug: quiet,
    child: () => logger,
  };
  return logger;
}

/** An API server on a pretend cluster, with ways to ask it. */
export interface ApiHarness {
  readonly cluster: PretendCluster;
  readonly clock: ManualClock;
  readonly server: ApiServer;
  readonly client: FleetClient;
  /** What the daemon says of itself; tests change it. */
  availability: Availability;
  /** Sends a request through memory. */
  ask(
    method: string,
    path: string,
    body?: string,
    headers?: Readonly<Record<string, string>>,
  ): Promise<HttpAnswer>;
}

/** Builds a harness. @param options - Page size (default 100), and the log. */
export function createApiHarness(
  options: { readonly tokenLimit?: number; readonly logger?: Logger } = {},
): ApiHarness {
  const cluster = new PretendCluster();
  const clock = new ManualClock();
  const harness: { availability: Availability } = { availability: { available: true } };
  const server = createApiServer({
    replica: cluster,
    units: cluster,
    insight: createInsight(clock),
    availability: () => harness.availability,
    tokenLimit: options.tokenLimit ?? 100,
    version: "0.1.0",
    machineId: "m1",
    logger: options.logger ?? createStrictLogger(),
    clock,
    debugState: () => ({ session: { condition: "joined" } }),
    metrics: async () => ({ contentType: "text/plain; version=0.0.4; charset=utf-8", body: "fleet_up 1\n" }),
  });
  const transport = createInMemoryTransport(server.listener);
  const client = new FleetClient({ transport, clock });
  return Object.assign(harness, {
    cluster,
    clock,
    server,
    client,
    ask: (method: string, path: string, body?: string, headers: Readonly<Record<string, string>> = {}) =>
      transport.request(
        {
          method: method as HttpRequest["method"],
          path,
          headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
          ...(body === undefined ? {} : { body }),
        },
        new AbortController().signal,
      ),
  });
}
