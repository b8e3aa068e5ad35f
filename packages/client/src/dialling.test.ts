import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, connect } from "node:net";
import { Duplex } from "node:stream";
import { FleetError } from "@fleet/core";
import { afterEach, describe, expect, it } from "vitest";
import { createTransport } from "./connect.js";
import { parseEndpoint } from "./endpoint.js";
import { createHttpTransport } from "./http-transport.js";
import { testCertificate, testKey } from "./testing/tls-fixture.js";
import type { HttpRequest } from "./transport.js";

const get: HttpRequest = { method: "GET", path: "/fleet/v1/units", headers: {} };
const never = new AbortController().signal;
const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

/** A stream that is no socket, as that of a program: it only carries bytes. */
function bareStream(port: number): Duplex {
  const socket = connect(port, "127.0.0.1");
  const { readable, writable } = Duplex.toWeb(socket);
  return Duplex.fromWeb({ readable, writable } as never);
}

async function portOf(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanUps.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

describe("a transport over streams that are dialled", () => {
  const listener: RequestListener = (request, response) => {
    response.end(`${request.method} ${request.headers.host}`);
  };

  it.each(["http", "https"])("keeps one of them for all requests over %s, and closes it", async (scheme) => {
    const server = scheme === "http" ? createServer(listener) : createTlsServer(tlsOptions(), listener);
    const port = await portOf(server);
    const dialled: Duplex[] = [];
    const transport = createHttpTransport(parseEndpoint(`${scheme}://127.0.0.1:9`), {
      dial: async () => {
        const stream = bareStream(port);
        dialled.push(stream);
        return stream;
      },
      tls: { ca: testCertificate },
    });
    const answers = await Promise.all(Array.from({ length: 20 }, () => transport.request(get, never)));
    expect(new Set(answers.map(({ body }) => body))).toEqual(new Set(["GET 127.0.0.1:9"]));
    expect((await transport.request({ ...get, method: "PUT", body: "x" }, never)).body).toMatch(/^PUT/);
    expect(dialled).toHaveLength(1);
    transport.close();
    await expect.poll(() => dialled[0]?.destroyed).toBe(true);
  });

  it("dials anew when the stream has ended", async () => {
    let requests = 0;
    const port = await portOf(
      createServer((request, response) => {
        requests += 1;
        response.setHeader("connection", "close").end(`${request.method} ${requests}`);
      }),
    );
    let dials = 0;
    const transport = createHttpTransport(parseEndpoint("unix:///far/away.sock"), {
      dial: async () => {
        dials += 1;
        return bareStream(port);
      },
    });
    cleanUps.push(() => transport.close());
    for (const number of [1, 2]) expect((await transport.request(get, never)).body).toBe(`GET ${number}`);
    expect(dials).toBe(2);
  });

  it("does not trust whom it does not know because of the tunnel", async () => {
    const port = await portOf(createTlsServer(tlsOptions(), listener));
    const transport = createHttpTransport(parseEndpoint("https://127.0.0.1:9"), {
      dial: async () => bareStream(port),
    });
    cleanUps.push(() => transport.close());
    await expect(transport.request(get, never)).rejects.toMatchObject({ code: "permission-denied" });
  });

  it("says what the one who dials has said, with the hint", async () => {
    const failure = new FleetError("unavailable", "the tunnel has failed", { hint: "try ssh" });
    const broken = new Duplex({ read: () => undefined, write: () => broken.destroy(failure) });
    const where = 'Get "http://domain-sock/fleet/v1/units": ';
    for (const dial of [async () => await Promise.reject(failure), async () => broken]) {
      const transport = createHttpTransport(parseEndpoint("unix:///a.sock"), { dial });
      cleanUps.push(() => transport.close());
      await expect(transport.request(get, never)).rejects.toMatchObject({
        code: "unavailable",
        message: `${where}the tunnel has failed`,
        hint: "try ssh",
        mayHaveArrived: true,
      });
    }
  });

  it("is told which endpoint to dial", async () => {
    const port = await portOf(createServer(listener));
    const dialled: string[] = [];
    const transport = createTransport({
      endpoints: "unix:///a.sock,http://b:80",
      clock: { monotonic: () => 0, sleep: (_ms, signal) => once(signal, "abort").then(() => undefined) },
      requestTimeoutMs: 1_000,
      dial: async (endpoint) => {
        dialled.push(endpoint.text);
        if (endpoint.scheme === "unix") throw new FleetError("unavailable", "nobody there");
        return bareStream(port);
      },
    });
    cleanUps.push(() => transport.close());
    expect((await transport.request(get, never)).status).toBe(200);
    expect(dialled).toEqual(["unix:///a.sock", "http://b:80"]);
  });
});

function tlsOptions() {
  return { key: testKey, cert: testCertificate };
}
