import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { askRaw, type RawAnswer } from "./testing/raw-http.js";
import { type ServedApi, serveApi, ways } from "./testing/served-api.js";

let api: ServedApi;
beforeAll(async () => {
  api = await serveApi();
});
afterAll(() => api.stop());

const error = (code: number, message: string): string =>
  `{"error":{"code":${code},"message":${JSON.stringify(message)}}}`;
const onlyGet = "only GET supported against this resource";
const onlyUnit = "only GET, PUT and DELETE supported against this resource";
const onlyMachines = "only GET and PATCH supported against this resource";
const onlyDiscovery = "only HTTP GET supported against this resource";

/** Method, path, status, message (`null`: an empty page), allowed methods. */
type Row = readonly [method: string, path: string, status: number, message: string | null, allow?: string];
const table: readonly Row[] = [
  ["GET", "/P/units", 200, null],
  ["POST", "/P/units", 405, onlyGet, "GET, HEAD"],
  ["OPTIONS", "/P/units", 405, onlyGet, "GET, HEAD"],
  ["BREW", "/P/units", 405, onlyGet, "GET, HEAD"],
  ["FOO", "/P/state", 405, onlyGet, "GET, HEAD"],
  ["foo-bar", "/P/units/a.service", 405, onlyUnit, "GET, HEAD, PUT, DELETE"],
  ["CONNECT", "/P/units?x=y", 405, onlyGet, "GET, HEAD"],
  ["BREW", "/P/discovery", 400, onlyDiscovery, "GET, HEAD"],
  ["BREW", "/P/nosuch", 404, ""],
  ["BREW", "/P", 405, "", ""],
  ["GET", "/P/units/nosuch.service", 404, "unit does not exist"],
  ["GET", "/P/units/foo%20bar", 404, "unit does not exist"],
  ["GET", "/P/units/foo", 404, "unit does not exist"],
  ["DELETE", "/P/units/nosuch.service", 404, "unit does not exist"],
  ["DELETE", "/P/units/foo%20bar", 404, "unit does not exist"],
  ["POST", "/P/units/a.service", 405, onlyUnit, "GET, HEAD, PUT, DELETE"],
  ["GET", "/P/state", 200, null],
  ["DELETE", "/P/state", 405, onlyGet, "GET, HEAD"],
  ["GET", "/P/state/nosuch.service", 404, "unit state does not exist"],
  ["PUT", "/P/state/a.service", 405, onlyGet, "GET, HEAD"],
  ["GET", "/P/machines", 200, null],
  ["POST", "/P/machines", 405, onlyMachines, "GET, HEAD, PATCH"],
  ["POST", "/P/discovery", 400, onlyDiscovery, "GET, HEAD"],
  ...["PUT", "DELETE", "PATCH", "OPTIONS"].flatMap((method): Row[] => [
    [method, "/P/discovery", 400, onlyDiscovery, "GET, HEAD"],
    [method, "/P", 405, "", ""],
    [method, "/", 405, "", ""],
  ]),
  ...["PUT", "DELETE", "PATCH"].map((method): Row => [method, "/P/units", 405, onlyGet, "GET, HEAD"]),
  ...["PATCH", "OPTIONS"].map(
    (method): Row => [method, "/P/units/a.service", 405, onlyUnit, "GET, HEAD, PUT, DELETE"],
  ),
  ...["POST", "PUT", "PATCH", "OPTIONS"].map(
    (method): Row => [method, "/P/state", 405, onlyGet, "GET, HEAD"],
  ),
  ...["POST", "DELETE", "PATCH", "OPTIONS"].map(
    (method): Row => [method, "/P/state/a.service", 405, onlyGet, "GET, HEAD"],
  ),
  ...["PUT", "DELETE", "OPTIONS"].map(
    (method): Row => [method, "/P/machines", 405, onlyMachines, "GET, HEAD, PATCH"],
  ),
  ...["PUT", "DELETE", "POST"].map((method): Row => [method, "/P/nosuch", 404, ""]),
  ["GET", "/P/units/a%5Cx2db%401.service", 404, "unit does not exist"],
  ["GET", "/P", 405, "", ""],
  ["GET", "/P/units/%ff.service", 404, "unit does not exist"],
  ["DELETE", "/P/units/%ff.service", 404, "unit does not exist"],
  ["GET", "/P/state/%C3.service", 404, "unit state does not exist"],
  ...["/P/", "/P/units/", "/P/state/", "/P/machines/", "/P/machines/id", "/P/discovery/", "/P/units/a/b"].map(
    (path) => ["GET", path, 404, ""] as const,
  ),
  ["GET", "/P/units/a%2Fb", 404, ""],
];

const outside: readonly Row[] = [
  ["GET", "/", 405, "", ""],
  ["POST", "/", 405, "", ""],
  ["CONNECT", "example.com:443", 405, "", ""],
  ["BREW", "/metrics", 405, onlyGet, "GET, HEAD"],
  ["POST", "/fleet/v2/debug/state", 405, onlyGet, "GET, HEAD"],
  ...["/metrics/", "/debug/pprof", "/discovery", "/nosuch", "/fleet", "/fleet/v3/units", "/fleet/v2"].map(
    (path) => ["GET", path, 404, ""] as const,
  ),
];

describe.each(ways)("the route table over %s", (kind) => {
  const ask = (method: string, target: string): Promise<RawAnswer> => {
    const where = api.places.find((place) => place.kind === kind)?.where ?? { path: "" };
    return askRaw(where, [`${method} ${target} HTTP/1.1`]);
  };

  const rows = ["/fleet/v1", "/v1-alpha"].flatMap((prefix) =>
    table.map(([method, path, ...rest]): Row => [method, path.replace("/P", prefix), ...rest]),
  );

  const cases = [...rows, ...outside].map(([method, path, status, message, allow]) => ({
    method,
    path,
    status,
    message,
    allow,
  }));

  it.each(cases)("$method $path", async ({ method, path, status, message, allow }) => {
    const answer = await ask(method, path);
    expect(answer.status).toBe(status);
    expect(answer.body).toBe(message === null ? "{}" : error(status, message));
    expect(answer.headers["content-type"]).toBe("application/json");
    expect(answer.headers.server).toBe("fleetd/0.1.0");
    expect(answer.headers.allow).toBe(allow);
  });
});

describe.each(ways)("the edges of HTTP over %s", (over) => {
  let api: ServedApi;
  beforeAll(async () => {
    api = await serveApi({ over });
  });
  afterAll(() => api.stop());

  it.each(["GET", "POST", "OPTIONS", "DELETE", "PUT"])("metrics are given to %s", async (method) => {
    const answer = await api.send(method, "/metrics");
    expect(answer).toMatchObject({ status: 200, body: "fleet_up 1\n" });
    expect(answer.headers["content-type"]).toMatch(/^text\/plain; version=0\.0\.4/);
  });

  it("answers HEAD like GET, without the body", async () => {
    const get = await api.send("GET", "/fleet/v1/units");
    const head = await api.send("HEAD", "/fleet/v1/units");
    expect([head.status, head.body, head.headers["content-length"]]).toEqual([200, "", "2"]);
    expect(get.headers["content-length"]).toBe("2");
  });

  it("answers OPTIONS * with nothing", async () => {
    const answer = await api.send("OPTIONS", "*");
    expect([answer.status, answer.body]).toEqual([200, ""]);
  });

  it.each([
    ["/fleet//v1/units", "/fleet/v1/units"],
    ["/fleet/./v1/units?a=b&c=%20", "/fleet/v1/units?a=b&c=%20"],
    ["/fleet/x/../v1/units", "/fleet/v1/units"],
    ["/fleet/%2e%2e/fleet/v1/units", "/fleet/v1/units"],
  ])("sends readers of %s to the clean path", async (target, location) => {
    const answer = await api.send("GET", target);
    expect([answer.status, answer.headers.location]).toEqual([301, location]);
    expect(answer.body).toBe(`<a href="${location.replaceAll("&", "&amp;")}">Moved Permanently</a>.\n\n`);
    expect(answer.headers["content-type"]).toBe("text/html; charset=utf-8");
  });

  it("does not redirect writes", async () => {
    const answer = await api.send("PUT", "/fleet//v1/units/a.service", "{}");
    expect([answer.status, answer.body]).toEqual([404, error(404, "")]);
  });

  it.each([
    ["no HTTP at all", "400 Bad Request"],
    ["GET /fleet/v1/units HTTP/1.1\r\nno header\r\n\r\n", "400 Bad Request"],
  ])("answers what is no request with a line of text", async (text, line) => {
    const socket = connect(api.where);
    let answer = "";
    socket.setEncoding("utf8").on("data", (chunk: string) => {
      answer += chunk;
    });
    socket.on("error", () => undefined);
    socket.write(text.endsWith("\n") ? text : `${text}\r\n\r\n`);
    await once(socket, "close");
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${line}\r\nContent-Type: text/plain; charset=utf-8\r\n`));
    expect(answer.endsWith(`\r\n\r\n${line}`)).toBe(true);
  });

  it("says that it is not available to invented methods, too", async () => {
    api.availability = { available: false };
    try {
      expect(await api.send("BREW", "/nosuch")).toMatchObject({ status: 503 });
    } finally {
      api.availability = { available: true };
    }
  });

  it("refuses a path that is not properly encoded", async () => {
    const answer = await api.send("GET", "/fleet/v1/units/%zz");
    expect([answer.status, answer.body]).toEqual([
      400,
      error(400, "the path is not properly percent-encoded"),
    ]);
  });

  it("takes absolute URLs, as proxies send them", async () => {
    const answer = await api.send("GET", "http://fleet/fleet/v1/units");
    expect([answer.status, answer.body]).toEqual([200, "{}"]);
  });

  it("refuses large bodies, with and without a length", async () => {
    const body = " ".repeat(1024 * 1024 + 1);
    const put = ["PUT /fleet/v1/units/a.service HTTP/1.1", "Content-Type: application/json"];
    const lengths = await askRaw(api.where, [...put, `Content-Length: ${body.length}`], "");
    const chunked = await askRaw(
      api.where,
      [...put, "Transfer-Encoding: chunked"],
      `${body.length.toString(16)}\r\n${body}\r\n`,
    );
    for (const answer of [lengths, chunked]) {
      expect([answer.status, answer.headers.connection]).toEqual([413, "close"]);
      expect(answer.body).toBe(error(413, "request body too large: at most 1048576 bytes"));
    }
  });

  it("describes itself for generated clients, the same under both prefixes", async () => {
    const [one, other] = await Promise.all([
      api.send("GET", "/fleet/v1/discovery"),
      api.send("GET", "/v1-alpha/discovery"),
    ]);
    expect(one.body).toBe(other.body);
    expect(one.body.startsWith('{\n  "kind": "discovery#restDescription"')).toBe(true);
    expect(one.body.endsWith("}\n")).toBe(true);
    const document = JSON.parse(one.body);
    expect(document).toMatchObject({
      discoveryVersion: "v1",
      id: "fleet:v1",
      name: "schema",
      version: "v1",
      title: "fleet API",
      protocol: "rest",
      basePath: "/fleet/v1/",
      servicePath: "fleet/v1/",
      batchPath: "batch",
    });
    expect(Object.keys(document.schemas).sort()).toEqual(
      ["Machine", "MachinePage", "Unit", "UnitOption", "UnitPage", "UnitState", "UnitStatePage"].sort(),
    );
  });

  it.each([
    ["Machines.List", "fleet.Machine.List", "GET", "machines", ["nextPageToken"]],
    ["Units.List", "fleet.Unit.List", "GET", "units", ["nextPageToken"]],
    ["Units.Get", "fleet.Unit.Get", "GET", "units/{unitName}", ["unitName"]],
    ["Units.Delete", "fleet.Unit.Delete", "DELETE", "units/{unitName}", ["unitName"]],
    ["Units.Set", "fleet.Unit.Set", "PUT", "units/{unitName}", ["unitName"]],
    ["UnitState.Get", "fleet.UnitState.Get", "GET", "state/{unitName}", ["unitName"]],
    ["UnitState.List", "fleet.UnitState.List", "GET", "state", ["machineID", "nextPageToken", "unitName"]],
  ])("describes %s", async (name, id, httpMethod, path, parameters) => {
    const { resources } = JSON.parse((await api.send("GET", "/fleet/v1/discovery")).body);
    const [resource = "", method = ""] = name.split(".");
    const described = resources[resource].methods[method];
    expect(described).toMatchObject({ id, httpMethod, path });
    expect(Object.keys(described.parameters ?? {})).toEqual(expect.arrayContaining(parameters));
  });
});
