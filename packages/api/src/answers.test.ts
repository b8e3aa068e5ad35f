import { connect } from "node:net";
import { gunzipSync } from "node:zlib";
import { parseUnitName, unitContentFromText } from "@fleet/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { encodeJson } from "./json.js";
import { until } from "./testing/manual-clock.js";
import { askBytes } from "./testing/raw-http.js";
import { type ServedApi, serveApi } from "./testing/served-api.js";
import { acceptsGzip } from "./write-answer.js";

let api: ServedApi;
beforeEach(async () => {
  api = await serveApi({ tokenLimit: 5_000 });
});
afterEach(() => api.stop());

const content = unitContentFromText("[Service]\nExecStart=/bin/true\n");

async function addUnits(count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    const name = parseUnitName(`u-${String(index).padStart(5, "0")}.service`);
    await api.cluster.changeUnit(name, () => ({ content, desiredState: "inactive" }));
  }
}

describe("a client that has an answer already", () => {
  const paths = [
    "/fleet/v1/units",
    "/fleet/v1/units/u-00000.service",
    "/fleet/v1/machines",
    "/fleet/v1/state",
    "/fleet/v1/state/u-00000.service",
    "/fleet/v2/units/u-00000.service",
  ];

  it.each(paths)("is told so by %s until something changes", async (path) => {
    await addUnits(1);
    api.cluster.addMachine("m1", "127.0.0.1");
    api.cluster.seat("m1", "u-00000.service", "launched");
    api.cluster.report("m1", "u-00000.service", {});
    const first = await api.send("GET", path);
    const tag = first.headers.etag ?? "";
    expect(tag).toMatch(/^W\/".+"$/);
    for (const given of [tag, `"other", ${tag}`, tag.slice(2), "*"]) {
      const answer = await api.send("GET", path, undefined, `If-None-Match: ${given}`);
      expect([answer.status, answer.body, answer.headers.etag]).toEqual([304, "", tag]);
      expect(answer.headers["content-length"]).toBeUndefined();
    }
    api.cluster.addMachine("m2", "127.0.0.2");
    const answer = await api.send("GET", path, undefined, `If-None-Match: ${tag}`);
    expect([answer.status, answer.headers.etag === tag]).toEqual([200, false]);
  });

  it("is told so of the documents, too", async () => {
    const { headers } = await api.send("GET", "/fleet/v1/discovery");
    const answer = await api.send("GET", "/fleet/v1/discovery", undefined, `If-None-Match: ${headers.etag}`);
    expect(answer.status).toBe(304);
  });

  it("gets errors as ever", async () => {
    expect((await api.send("GET", "/fleet/v1/units/no.service", undefined, "If-None-Match: *")).status).toBe(
      404,
    );
  });
});

describe("a long list", () => {
  const where = () => ({ path: api.socketPath });

  it("is sent in parts, the same as in one piece, compressed on request", async () => {
    await addUnits(1_200);
    const { units } = JSON.parse((await api.ask("GET", "/fleet/v1/units")).body);
    expect(units).toHaveLength(1_200);
    const plain = await askBytes(where(), ["GET /fleet/v1/units HTTP/1.1"]);
    expect(plain.body.toString()).toBe(encodeJson({ units }));
    expect(plain.headers).toMatchObject({ "transfer-encoding": "chunked", vary: "Accept-Encoding" });
    const packed = await askBytes(where(), ["GET /fleet/v1/units HTTP/1.1", "Accept-Encoding: br, gzip"]);
    expect(packed.headers["content-encoding"]).toBe("gzip");
    expect(gunzipSync(packed.body).toString()).toBe(encodeJson({ units }));
    expect(packed.body.length).toBeLessThan(plain.body.length / 10);
  });

  it("of a long poll is sent in parts, too", async () => {
    await addUnits(300);
    const there = Array.from({ length: 300 }, (_, index) => `u-${String(index).padStart(5, "0")}.service`);
    const missing = Array.from({ length: 300 }, (_, index) => `no-${index}.service`);
    const path = `/fleet/v2/wait?units=${[...there, ...missing].join(",")}&timeout=0`;
    const answer = await askBytes(where(), [`GET ${path} HTTP/1.1`]);
    const decoded = JSON.parse(answer.body.toString());
    expect(answer.headers["transfer-encoding"]).toBe("chunked");
    expect(decoded.missing).toEqual(missing);
    expect(decoded.units.map(({ name }: { name: string }) => name)).toEqual(there);
    expect(encodeJson(decoded)).toBe(answer.body.toString());
  });

  it.each(["units", "machines"])(
    "of %s keeps the order of keys when there is a next page",
    async (resource) => {
      const short = await serveApi({ tokenLimit: 300 });
      for (let index = 0; index < 301; index += 1) {
        short.cluster.addMachine(`m${index}`, "");
        await short.cluster.changeUnit(parseUnitName(`u${index}.service`), () => ({
          content,
          desiredState: "inactive",
        }));
      }
      const { body } = await short.ask("GET", `/fleet/v1/${resource}`);
      expect(encodeJson(JSON.parse(body))).toBe(body);
      expect(JSON.parse(body).nextPageToken).toMatch(/^LAEC/);
      await short.stop();
    },
  );

  it("has headers alone for HEAD", async () => {
    await addUnits(300);
    const answer = await api.send("HEAD", "/fleet/v1/units");
    expect([answer.status, answer.body]).toEqual([200, ""]);
  });

  it("is cut off if its client does not take it in time", async () => {
    await addUnits(5_000);
    const socket = connect(where());
    socket.pause();
    // Enough requests in a row that the answers fit into no buffer on the way.
    socket.write("GET /fleet/v1/units HTTP/1.1\r\nHost: fleet\r\n\r\n".repeat(4));
    await until(() => api.clock.sleeping.includes(60_000));
    api.clock.advance(60_000);
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.on("error", () => undefined);
    socket.resume();
    await closed;
  });

  it("is forgotten if its client leaves", async () => {
    await addUnits(5_000);
    const socket = connect(where());
    socket.write("GET /fleet/v1/units HTTP/1.1\r\nHost: fleet\r\n\r\n");
    await until(() => api.clock.sleeping.includes(60_000));
    socket.destroy();
    await until(() => api.clock.sleeping.length === 0);
  });
});

describe("a short answer", () => {
  it("is never compressed", async () => {
    const answer = await api.send("GET", "/fleet/v1/units", undefined, "Accept-Encoding: gzip");
    expect([answer.body, answer.headers["content-encoding"]]).toEqual(["{}", undefined]);
  });
});

it.each([
  [undefined, false],
  ["", false],
  ["gzip", true],
  ["deflate, GZIP;q=0.5", true],
  ["gzip;q=0", false],
  ["gzip; q=0.000", false],
  ["*", true],
  ["gzip;q=0, *", false],
  ["identity", false],
])("Accept-Encoding %j wants gzip: %j", (header, wanted) => {
  expect(acceptsGzip(header)).toBe(wanted);
});
