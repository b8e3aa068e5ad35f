import { TransportError, TunnelError } from "./api-error.js";
import type { HttpAnswer, HttpRequest, Transport } from "./transport.js";

/**
 * Puts several servers of one cluster behind one transport: it stays with the one that answered last and goes on to the
 * next when that one cannot be reached or says 503. A write is repeated elsewhere only if it cannot have arrived.
 * @param transports - At least one; the first is tried first.
 */
export function createFailoverTransport(transports: readonly [Transport, ...Transport[]]): Transport {
  let current = 0;
  const signed = (answer: HttpAnswer, { endpoint }: Transport): HttpAnswer =>
    transports.length === 1 ? answer : { ...answer, endpoint };
  return {
    endpoint: transports.map((transport) => transport.endpoint).join(","),
    request: async (request, signal) => {
      let failure: unknown;
      let unavailable: HttpAnswer | undefined;
      for (let tried = 0; tried < transports.length; tried += 1) {
        const index = (current + tried) % transports.length;
        const transport = transports[index] ?? transports[0];
        try {
          const answer = signed(await transport.request(request, signal), transport);
          if (answer.status !== 503 || !isRepeatable(request)) {
            current = index;
            return answer;
          }
          unavailable ??= answer;
        } catch (error) {
          if (!(error instanceof TransportError)) throw error;
          if (error.mayHaveArrived && !isRepeatable(request)) throw error;
          failure ??= error;
          if (error.cause instanceof TunnelError) break;
        }
      }
      if (unavailable !== undefined) return unavailable;
      throw failure;
    },
    close: () => {
      for (const transport of transports) transport.close();
    },
  };
}

/** Reads change nothing, so a second server may be asked whatever became of the first request. */
function isRepeatable(request: HttpRequest): boolean {
  return request.method === "GET" || request.isRead === true;
}
