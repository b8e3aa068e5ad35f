import { connect, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { until } from "./testing/manual-clock.js";
import { type ServedApi, serveApi } from "./testing/served-api.js";

let api: ServedApi;
beforeEach(async () => {
  api = await serveApi();
});
afterEach(() => api.stop());

/** Sends a text, closes that side at once, and reads until the server closes the other one. */
function sayAndClose(text: string): { readonly socket: Socket; readonly answer: Promise<string> } {
  const socket = connect({ path: api.socketPath, allowHalfOpen: true });
  const answer = new Promise<string>((resolve, reject) => {
    let said = "";
    socket.setEncoding("utf8");
    socket.on("data", (chunk: string) => {
      said += chunk;
    });
    socket.on("end", () => resolve(said));
    socket.on("error", reject);
  });
  socket.end(text);
  return { socket, answer };
}

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: fleet\r\n\r\n`;

describe("a client that closes its side after its request", () => {
  it("is answered, however long that takes", async () => {
    api.cluster.addMachine("m1", "127.0.0.1");
    api.cluster.setCondition("syncing");
    const { answer } = sayAndClose(get("/fleet/v1/machines"));
    await until(() => api.server.counters.underWay === 1);
    // By now the server has heard that nothing more will come.
    for (let round = 0; round < 3; round += 1) await api.send("GET", "/fleet/v2/status");
    api.cluster.setCondition("current");
    expect(await answer).toMatch(/^HTTP\/1\.1 200 OK\r\n.*"id":"m1"/s);
  });

  it("is answered to each of its requests", async () => {
    const { answer } = sayAndClose(get("/fleet/v1/units") + get("/fleet/v1/machines"));
    expect((await answer).match(/HTTP\/1\.1 200 OK/g)).toHaveLength(2);
  });

  it("is not kept waiting for news: it may have left", async () => {
    const path = `/fleet/v2/wait?units=a.service&after=${api.cluster.revision}&timeout=60`;
    const { answer } = sayAndClose(get(path));
    expect(await answer).toMatch(/^HTTP\/1\.1 200 OK\r\n.*\{"revision":\d+\}$/s);
    expect(api.server.counters.underWay).toBe(0);
    expect(api.cluster.holds).toBe(0);
  });

  it("may have been waiting for news on the same connection", async () => {
    const path = `/fleet/v2/wait?units=a.service&after=${api.cluster.revision}&timeout=60`;
    const socket = connect({ path: api.socketPath, allowHalfOpen: true });
    let said = "";
    socket.on("data", (chunk) => {
      said += chunk;
    });
    socket.write(get("/fleet/v1/units") + get(path));
    await until(() => api.cluster.holds > 0);
    socket.end();
    await new Promise((resolve) => socket.once("end", resolve));
    expect(said).toMatch(/\{"revision":\d+\}$/);
  });
});
