import { mkdtemp, rm } from "node:fs/promises";
import type { NetConnectOpts } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ApiHarness, createApiHarness } from "./api-harness.js";
import { askRaw, type RawAnswer } from "./raw-http.js";

/** An API server that listens on a unix socket and on TCP. */
export interface ServedApi extends ApiHarness {
  readonly socketPath: string;
  readonly places: readonly { readonly kind: string; readonly where: NetConnectOpts }[];
  /** Where `send` goes. */
  readonly where: NetConnectOpts;
  /** Sends a request with a JSON body. */
  send(method: string, target: string, body?: string, ...headers: string[]): Promise<RawAnswer>;
  stop(): Promise<void>;
}

/** The two ways to a server. */
export const ways = ["unix", "tcp"] as const;

/** Starts a server in a directory of its own. @param options - Page size, and the way that `send` takes (default unix). */
export async function serveApi(
  options: { readonly tokenLimit?: number; readonly over?: (typeof ways)[number] } = {},
): Promise<ServedApi> {
  const harness = createApiHarness(options);
  const directory = await mkdtemp(join(tmpdir(), "fleet-api-"));
  const socketPath = join(directory, "fleet.sock");
  await harness.server.listen({ kind: "unix", path: socketPath });
  const url = new URL(await harness.server.listen({ kind: "tcp", host: "127.0.0.1", port: 0 }));
  const end = new AbortController();
  const running = harness.server.run(end.signal);
  const places = [
    { kind: "unix", where: { path: socketPath } },
    { kind: "tcp", where: { host: "127.0.0.1", port: Number(url.port) } },
  ];
  const where = places.find(({ kind }) => kind === (options.over ?? "unix"))?.where ?? { path: socketPath };
  const send = (method: string, target: string, body?: string, ...headers: string[]) => {
    const withBody =
      body === undefined
        ? headers
        : ["Content-Type: application/json", `Content-Length: ${Buffer.byteLength(body)}`, ...headers];
    return askRaw(where, [`${method} ${target} HTTP/1.1`, ...withBody], body);
  };
  return Object.assign(harness, {
    socketPath,
    places,
    where,
    send,
    stop: async () => {
      end.abort();
      await running;
      await rm(directory, { recursive: true, force: true });
    },
  });
}
