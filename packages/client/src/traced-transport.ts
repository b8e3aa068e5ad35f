import { endpointForPeople } from "./endpoint.js";
import type { Transport } from "./transport.js";

/**
 * Tells of each request to one server, and of what came of it: `HTTP GET http://10.0.0.1/fleet/v1/units` and then the same
 * with the status of the answer, or with the reason why there is none.
 * @param trace - Called with one line each time.
 */
export function createTracedTransport(transport: Transport, trace: (line: string) => void): Transport {
  const where = endpointForPeople(transport.endpoint).replace(/\/+$/, "");
  return {
    endpoint: transport.endpoint,
    close: () => transport.close(),
    request: async (request, signal) => {
      const what = `HTTP ${request.method} ${where}${request.path}`;
      trace(what);
      try {
        const answer = await transport.request(request, signal);
        trace(`${what} ${answer.status}`);
        return answer;
      } catch (error) {
        trace(`${what} failed: ${error instanceof Error ? error.message : String(error)}`);
        throw error;
      }
    },
  };
}
