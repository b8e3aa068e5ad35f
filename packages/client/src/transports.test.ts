import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { errorFromAnswer, TransportError, TunnelError } from "./api-error.js";
import type { ClientClock } from "./clock.js";
import { createTransport } from "./connect.js";
import { parseEndpoint } from "./endpoint.js";
import { createFailoverTransport } from "./failover-transport.js";
import { createHttpTransport } from "./http-transport.js";
import { createInMemoryTransport } from "./in-memory-transport.js";
import { testCertificate, testKey } from "./testing/tls-fixture.js";
import { createTimedTransport } from "./timed-transport.js";
import { createTracedTransport } from "./traced-transport.js";
import type { HttpAnswer, HttpRequest, Transport } from "./transport.js";

const get: HttpRequest = { method: "GET", path: "/fleet/v1/units", headers: {} };
const put: HttpRequest = { method: "PUT", path: "/fleet/v1/units/a", headers: {}, body: "{}" };
const never = new AbortController().signal;
const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function listen(server: Server, where: string | number): Promise<void> {
  server.listen(typeof where === "number" ? { port: where, host: "127.0.0.1" } : { path: where });
  await once(server, "listening");
  cleanUps.push(() => server.close());
}

async function failureOf(work: Promise<unknown>): Promise<TransportError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof TransportError) return error;
    throw error;
  }
  throw new Error("it did not fail");
}

describe("the HTTP transport", () => {
  const echo = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      response.writeHead(201, { "X-Path": request.url ?? "", "X-Host": request.headers.host ?? "" });
      response.end(`${request.method} ${Buffer.concat(chunks).toString()}`);
    });
  });

  it("speaks to a unix socket and to TCP, keeping connections", async () => {
    const directory = await mkdtemp(join(tmpdir(), "fleet-client-"));
    cleanUps.push(() => rm(directory, { recursive: true }));
    const path = join(directory, "a.sock");
    const tcp = createServer(echo.listeners("request")[0] as never);
    await listen(echo, path);
    await listen(tcp, 0);
    const { port } = tcp.address() as AddressInfo;
    const expected = [
      [`unix://${path}`, "domain-sock", ""],
      [`http://127.0.0.1:${port}/prefix`, `127.0.0.1:${port}`, "/prefix"],
    ] as const;
    for (const [endpoint, host, prefix] of expected) {
      const transport = createHttpTransport(parseEndpoint(endpoint));
      cleanUps.push(() => transport.close());
      const answer = await transport.request({ ...put, body: "größe" }, never);
      expect(answer).toMatchObject({ status: 201, body: "PUT größe" });
      expect(answer.headers).toMatchObject({ "x-path": `${prefix}/fleet/v1/units/a`, "x-host": host });
      expect((await transport.request(get, never)).body).toBe("GET ");
    }
  });

  it("names a long path by its beginning when it fails", async () => {
    const transport = createHttpTransport(parseEndpoint("http://127.0.0.1:1"));
    const path = `/fleet/v2/wait?units=${"a.service,".repeat(1_000)}`;
    const failure = await transport.request({ ...get, path }, never).catch((error: Error) => error);
    expect((failure as Error).message).toMatch(
      /^Get "http:\/\/127\.0\.0\.1:1\/fleet\/v2\/wait\?units=a\.service,.+…": dial/,
    );
    expect((failure as Error).message.length).toBeLessThan(450);
  });

  it.each([
    [
      "unix:///nosuch/fleet.sock",
      'Get "http://domain-sock/fleet/v1/units": dial unix /nosuch/fleet.sock: connect: no such file or directory',
    ],
    [
      "http://127.0.0.1:1",
      'Get "http://127.0.0.1:1/fleet/v1/units": dial tcp 127.0.0.1:1: connect: connection refused',
    ],
  ])("names %s when nobody is there", async (endpoint, message) => {
    const error = await failureOf(createHttpTransport(parseEndpoint(endpoint)).request(get, never));
    expect(error).toMatchObject({ code: "unavailable", message, mayHaveArrived: false });
  });

  it("says that a request may have arrived when the connection breaks", async () => {
    const server = createServer((request) => request.socket.destroy());
    await listen(server, 0);
    const { port } = server.address() as AddressInfo;
    const error = await failureOf(
      createHttpTransport(parseEndpoint(`http://127.0.0.1:${port}`)).request(put, never),
    );
    expect(error.mayHaveArrived).toBe(true);
  });

  it("rejects with the reason when it is aborted", async () => {
    const server = createServer(() => undefined);
    await listen(server, 0);
    cleanUps.push(() => server.closeAllConnections());
    const { port } = server.address() as AddressInfo;
    const transport = createHttpTransport(parseEndpoint(`http://127.0.0.1:${port}`));
    const controller = new AbortController();
    const reason = new Error("enough");
    const request = transport.request(get, controller.signal);
    const arrived = once(server, "request");
    await arrived;
    controller.abort(reason);
    await expect(request).rejects.toBe(reason);
    await expect(transport.request(get, controller.signal)).rejects.toBe(reason);
  });

  it("gives up on a host that takes no connection, and knows that nothing arrived", async () => {
    // It never accepts; once its queue is full, the kernel lets further connections wait.
    const listening = `const server = require("node:net").createServer().listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => {
      require("node:fs").writeSync(1, String(server.address().port));
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    })`;
    const deaf = spawn(process.execPath, ["-e", listening], { stdio: ["ignore", "pipe", "inherit"] });
    cleanUps.push(() => deaf.kill("SIGKILL"));
    const [port] = await once(deaf.stdout, "data");
    const transports = Array.from({ length: 8 }, () =>
      createHttpTransport(parseEndpoint(`http://127.0.0.1:${port}`), { connectTimeoutMs: 200 }),
    );
    const limit = new AbortController();
    cleanUps.push(() => limit.abort());
    const failures = transports.map((transport) => failureOf(transport.request(put, limit.signal)));
    const failure = await Promise.race(
      failures.map((work) => work.catch(() => new Promise<never>(() => undefined))),
    );
    expect(failure.message).toContain(`dial tcp 127.0.0.1:${port}: connect: connection timed out`);
    expect(failure.mayHaveArrived).toBe(false);
  });
});

describe("TLS", () => {
  const serve = async (): Promise<string> => {
    const server = createTlsServer(
      {
        cert: testCertificate,
        key: testKey,
        ca: testCertificate,
        requestCert: true,
        rejectUnauthorized: false,
      },
      (request, response) => {
        const { authorized } = request.socket as unknown as { authorized: boolean };
        response.end(authorized ? "known" : "unknown");
      },
    );
    await listen(server as unknown as Server, 0);
    return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };

  it("does not speak to a server that it cannot verify", async () => {
    const transport = createHttpTransport(parseEndpoint(await serve()));
    cleanUps.push(() => transport.close());
    const error = await failureOf(transport.request(get, never));
    expect(error).toMatchObject({
      code: "permission-denied",
      mayHaveArrived: false,
      hint: "the server's certificate is not trusted",
    });
    expect(error.message).toMatch(
      /^Get "https:\/\/127\.0\.0\.1:\d+\/fleet\/v1\/units": x509: certificate signed by unknown authority$/,
    );
  });

  it("names those that a certificate is for", async () => {
    const endpoint = (await serve()).replace("127.0.0.1", "localhost");
    const transport = createHttpTransport(parseEndpoint(endpoint), { tls: { ca: testCertificate } });
    cleanUps.push(() => transport.close());
    const { message } = await failureOf(transport.request(get, never));
    expect(message.slice(message.indexOf("x509"))).toBe(
      "x509: certificate is not valid for any names, but wanted to match localhost",
    );
  });

  it("says that a server speaks no TLS, and that nothing has arrived there", async () => {
    const server = createServer((_request, response) => response.end("plain"));
    await listen(server, 0);
    const { port } = server.address() as AddressInfo;
    const transport = createHttpTransport(parseEndpoint(`https://127.0.0.1:${port}/x`));
    cleanUps.push(() => transport.close());
    expect(await failureOf(transport.request(put, never))).toMatchObject({
      code: "unavailable",
      message: `Put "https://127.0.0.1:${port}/x/fleet/v1/units/a": http: server gave HTTP response to HTTPS client`,
      mayHaveArrived: false,
      hint: `the server at 127.0.0.1:${port} does not speak TLS: http://127.0.0.1:${port}/x?`,
    });
  });

  it("believes the authority it is told to, and shows its own certificate", async () => {
    const endpoint = parseEndpoint(await serve());
    const anonymous = createHttpTransport(endpoint, { tls: { ca: testCertificate } });
    const known = createHttpTransport(endpoint, {
      tls: { ca: testCertificate, cert: testCertificate, key: testKey },
    });
    cleanUps.push(() => anonymous.close());
    cleanUps.push(() => known.close());
    expect((await anonymous.request(get, never)).body).toBe("unknown");
    expect((await known.request(get, never)).body).toBe("known");
  });
});

describe("the transport in memory", () => {
  it("carries large bodies both ways", async () => {
    const transport = createInMemoryTransport((request, response) => {
      response.writeHead(200);
      request.pipe(response);
    });
    const body = "x".repeat(3_000_000);
    expect((await transport.request({ ...put, body }, never)).body).toBe(body);
  });

  it("tells the server when the client leaves", async () => {
    let left: () => void = () => undefined;
    const hasLeft = new Promise<void>((resolve) => {
      left = resolve;
    });
    const controller = new AbortController();
    const transport = createInMemoryTransport((_request, response) => {
      response.on("close", left);
      controller.abort(new Error("gone"));
    });
    await expect(transport.request(get, controller.signal)).rejects.toThrow("gone");
    await hasLeft;
  });
});

/** Answers as told, and remembers what it was asked. */
function scripted(
  name: string,
  answers: readonly (number | TransportError)[],
): Transport & { asked: number } {
  const transport = {
    endpoint: name,
    asked: 0,
    close: () => undefined,
    request: async (): Promise<HttpAnswer> => {
      const answer = answers[Math.min(transport.asked, answers.length - 1)] ?? 200;
      transport.asked += 1;
      if (typeof answer !== "number") throw answer;
      return { status: answer, headers: {}, body: name };
    },
  };
  return transport;
}

describe("failover", () => {
  const unreachable = new TransportError("unavailable", "refused", false);
  const broken = new TransportError("unavailable", "reset", true);

  it.each([
    ["a read from a server that is away", get, unreachable, "b"],
    ["a read from a server that broke off", get, broken, "b"],
    ["a read from a server without etcd", get, 503, "b"],
    ["a write to a server that is away", put, unreachable, "b"],
    ["an error that is an answer", get, 404, "a"],
  ] as const)("goes on after %s", async (_case, request, first, body) => {
    const transport = createFailoverTransport([scripted("a", [first]), scripted("b", [200])]);
    expect((await transport.request(request, never)).body).toBe(body);
  });

  it.each([
    ["that may have arrived", broken],
    ["that a server has refused", 503],
  ] as const)("never repeats a write %s", async (_case, first) => {
    const second = scripted("b", [200]);
    const transport = createFailoverTransport([scripted("a", [first]), second]);
    await transport.request(put, never).catch(() => undefined);
    expect(second.asked).toBe(0);
  });

  it("does not ask another one through a tunnel that has failed", async () => {
    const cause = new TunnelError("unavailable", "the tunnel has failed", {});
    const failure = new TransportError("unavailable", "the tunnel has failed", true, cause);
    const second = scripted("b", [200]);
    const transport = createFailoverTransport([scripted("a", [failure]), second]);
    await expect(transport.request(get, never)).rejects.toBe(failure);
    expect(second.asked).toBe(0);
  });

  it("stays with the server that answered", async () => {
    const first = scripted("a", [unreachable]);
    const transport = createFailoverTransport([first, scripted("b", [200])]);
    for (let round = 0; round < 3; round += 1) await transport.request(get, never);
    expect(first.asked).toBe(1);
  });

  it("tells of the first trouble when nobody answers", async () => {
    const transport = createFailoverTransport([scripted("a", [unreachable]), scripted("b", [broken])]);
    await expect(transport.request(get, never)).rejects.toBe(unreachable);
    const half = createFailoverTransport([scripted("a", [unreachable]), scripted("b", [503])]);
    expect((await half.request(get, never)).status).toBe(503);
  });
});

describe("the trace", () => {
  it("tells endpoints apart, tells of failures, and keeps passwords", async () => {
    const lines: string[] = [];
    const trace = (line: string): unknown => lines.push(line);
    const away = scripted("http://me:secret@a/x/", [new TransportError("unavailable", "refused", false)]);
    const [first, second] = [away, scripted("unix:///b.sock", [503])].map((one) =>
      createTracedTransport(one, trace),
    );
    await createFailoverTransport([first!, second!]).request(get, never);
    expect(lines).toEqual([
      "HTTP GET http://***@a/x/fleet/v1/units",
      "HTTP GET http://***@a/x/fleet/v1/units failed: refused",
      "HTTP GET unix:///b.sock/fleet/v1/units",
      "HTTP GET unix:///b.sock/fleet/v1/units 503",
    ]);
  });

  it("is there for each of several endpoints", async () => {
    const lines: string[] = [];
    const clock: ClientClock = {
      monotonic: () => 0,
      sleep: async (_ms, signal) => void (await once(signal, "abort")),
    };
    const endpoints = "http://127.0.0.1:1,unix:///nosuch.sock";
    const trace = (line: string): unknown => lines.push(line);
    const transport = createTransport({ endpoints, clock, requestTimeoutMs: 1_000, trace });
    await failureOf(transport.request(get, never));
    expect(lines.filter((line) => line.includes(" failed: "))).toHaveLength(2);
  });
});

it("names the server that answered with trouble of its own, if there are several", async () => {
  const answerOf = (status: number, ...names: readonly [string, ...string[]]) => {
    const [first, ...others] = names.map((name) => scripted(name, [status]));
    return createFailoverTransport([first!, ...others]).request(get, never);
  };
  expect(errorFromAnswer(await answerOf(503, "http://me:pw@a", "b")).hint).toBe(
    "this is the answer of http://***@a",
  );
  const body = JSON.stringify({ error: { code: 503, message: "no", hint: "run: this" } });
  expect(errorFromAnswer({ ...(await answerOf(503, "a", "b")), body }).hint).toBe(
    "this is the answer of a; run: this",
  );
  expect(errorFromAnswer(await answerOf(404, "a", "b")).hint).toBeUndefined();
  expect(errorFromAnswer(await answerOf(503, "a")).hint).toBeUndefined();
});

describe("the time limit", () => {
  /** Lets every sleep pass at once that is at most `ms`. */
  const clockOf = (ms: number): ClientClock => ({
    monotonic: () => 0,
    sleep: (wanted, signal) =>
      wanted <= ms
        ? Promise.resolve()
        : new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
  });
  const silent: Transport = {
    endpoint: "http://silent",
    close: () => undefined,
    request: (_request, signal) =>
      new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
  };

  it("ends a request that is not answered", async () => {
    const transport = createTimedTransport(silent, clockOf(3_000), 3_000);
    const error = await failureOf(transport.request(get, never));
    expect(error).toMatchObject({
      code: "deadline-exceeded",
      message: "GET /fleet/v1/units: no answer from http://silent within 3 s",
      mayHaveArrived: true,
    });
  });

  it("is counted on top of what the server was asked to wait", async () => {
    const transport = createTimedTransport(silent, clockOf(3_000), 3_000);
    const controller = new AbortController();
    const request = transport.request({ ...get, patienceMs: 1_000 }, controller.signal);
    await new Promise((resolve) => setImmediate(resolve));
    controller.abort(new Error("only this ends it"));
    await expect(request).rejects.toThrow("only this ends it");
  });
});
