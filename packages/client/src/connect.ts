import type { Duplex } from "node:stream";
import type { ClientClock } from "./clock.js";
import { type Endpoint, parseEndpoints } from "./endpoint.js";
import { createFailoverTransport } from "./failover-transport.js";
import { createHttpTransport, type TlsOptions } from "./http-transport.js";
import { createTimedTransport } from "./timed-transport.js";
import { createTracedTransport } from "./traced-transport.js";
import type { Transport } from "./transport.js";

/** How to reach a cluster. */
export interface ConnectOptions {
  /** One endpoint, or several of the same cluster with commas between. */
  readonly endpoints: string;
  readonly clock: ClientClock;
  /** For one request to one server. */
  readonly requestTimeoutMs: number;
  /** For `https://` endpoints. */
  readonly tls?: TlsOptions;
  /** Opens what the connections to an endpoint run over, instead of the network; see `HttpTransportOptions`. */
  readonly dial?: (endpoint: Endpoint) => Promise<Duplex>;
  /** Called with one line for each request to a server and for what came of it. */
  readonly trace?: (line: string) => void;
}

/**
 * How long one of several servers may take to accept a connection before the next is asked: enough for a first attempt that
 * was lost and repeated. A server without others gets the whole time of the request.
 */
const connectTimeoutMs = 2_000;

/**
 * Builds the transport for one or several endpoints. Nothing is connected before the first request.
 * @throws {FleetError} `invalid-argument` for a bad endpoint.
 */
export function createTransport(options: ConnectOptions): Transport {
  const { clock, dial, endpoints, requestTimeoutMs, tls, trace } = options;
  const parsed = parseEndpoints(endpoints);
  const [first, ...others] = parsed.map((endpoint) => {
    const transport = createHttpTransport(endpoint, {
      ...(tls === undefined ? {} : { tls }),
      ...(parsed.length === 1 ? {} : { connectTimeoutMs }),
      ...(dial === undefined ? {} : { dial: () => dial(endpoint) }),
    });
    const timed = createTimedTransport(transport, clock, requestTimeoutMs);
    return trace === undefined ? timed : createTracedTransport(timed, trace);
  });
  // Splitting a text gives at least one part, and a bad one has thrown.
  return createFailoverTransport([first!, ...others]);
}
