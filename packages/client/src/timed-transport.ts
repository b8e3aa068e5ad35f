import { TransportError } from "./api-error.js";
import type { ClientClock } from "./clock.js";
import { linkController } from "./linked-controller.js";
import type { Transport } from "./transport.js";

/** Why a timer ends that is not needed any more. Making an error for each would cost more than the timer. */
const notNeeded = new Error("there is an answer");

/**
 * Gives every request a time limit, counted on top of the time that the server was asked to hold the answer back.
 * @param limitMs - For one request, from connecting to the last byte.
 */
export function createTimedTransport(transport: Transport, clock: ClientClock, limitMs: number): Transport {
  return {
    endpoint: transport.endpoint,
    close: () => transport.close(),
    request: async (request, signal) => {
      const timer = new AbortController();
      const exchange = linkController(signal);
      const expired = () =>
        new TransportError(
          "deadline-exceeded",
          `${request.method} ${request.path.split("?")[0]}: no answer from ${transport.endpoint} within ${limitMs / 1000} s`,
          true,
        );
      const timing = clock.sleep(limitMs + (request.patienceMs ?? 0), timer.signal).then(
        () => exchange.abort(expired()),
        () => undefined,
      );
      try {
        return await transport.request(request, exchange.signal);
      } finally {
        exchange.unlink();
        timer.abort(notNeeded);
        await timing;
      }
    },
  };
}
