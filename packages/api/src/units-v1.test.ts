import { FleetError } from "@fleet/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { askRaw } from "./testing/raw-http.js";
import { type ServedApi, serveApi, ways } from "./testing/served-api.js";

let api: ServedApi;

const error = (code: number, message: string): string =>
  `{"error":{"code":${code},"message":${JSON.stringify(message)}}}`;
const options = (...list: readonly (readonly [section: string, name: string, value: string])[]): string =>
  JSON.stringify(list.map(([section, name, value]) => ({ section, name, value })));
const one = options(["Unit", "Description", "one"]);
const two = options(["Unit", "Description", "two"]);
const put = (name: string, body: string, ...headers: string[]) =>
  api.send("PUT", `/fleet/v1/units/${name}`, body, ...headers);
const get = async (name: string) => (await api.send("GET", `/fleet/v1/units/${name}`)).body;

describe.each(ways)("over %s", (over) => {
  beforeEach(async () => {
    api = await serveApi({ over });
  });
  afterEach(() => api.stop());

  describe("PUT units/<name>", () => {
    it("plays the original's transcript", async () => {
      const steps: readonly (readonly [name: string, body: string, status: number, message?: string])[] = [
        ["u.service", `{"options":${one}}`, 201],
        ["u.service", `{"options":${one}}`, 409, "must provide DesiredState to update existing unit"],
        ["u.service", "{}", 409, "must provide DesiredState to update existing unit"],
        ["u.service", `{"options":${one},"desiredState":"loaded"}`, 204],
        ["u.service", '{"desiredState":"launched"}', 204],
        ["u.service", '{"desiredState":"launched"}', 204],
        ["u.service", `{"options":${two}}`, 201],
        ["t@.service", `{"options":${one}}`, 201],
        ["t@.service", '{"desiredState":"launched"}', 400, 'cannot activate template "t@.service"'],
        ["t@.service", '{"desiredState":"inactive"}', 204],
        ["n.service", '{"options":[]}', 409, "unit does not exist and options field empty"],
        ["n.service", '{"desiredState":"launched"}', 409, "unit does not exist and options field empty"],
      ];
      for (const [name, body, status, message] of steps) {
        const answer = await put(name, body);
        expect([name, body, answer.status]).toEqual([name, body, status]);
        expect(answer.body).toBe(message === undefined ? "" : error(status, message));
        if (status === 201) {
          expect(answer.headers["content-length"]).toBe("0");
          expect(answer.headers["content-type"]).toBeUndefined();
        }
      }
    });

    it("writes entities byte for byte", async () => {
      const list = options(
        ["Unit", "Description", "<a> & \u2028b"],
        ["Service", "ExecStart", '/bin/bash -c "x"'],
        ["A", "B", ""],
      );
      await put("u.service", `{"options":${list},"desiredState":"loaded"}`);
      expect(await get("u.service")).toBe(
        '{"currentState":"inactive","desiredState":"loaded","name":"u.service","options":[{"name":"Description","section":"Unit","value":"\\u003ca\\u003e \\u0026 \\u2028b"},{"name":"ExecStart","section":"Service","value":"/bin/bash -c \\"x\\""},{"name":"B","section":"A"}]}',
      );
    });

    it("keeps the desired state when content is replaced", async () => {
      await put("u.service", `{"options":${one},"desiredState":"launched"}`);
      expect((await put("u.service", `{"options":${two}}`)).status).toBe(201);
      expect(JSON.parse(await get("u.service")).desiredState).toBe("launched");
    });

    it("makes a replaced unit inactive for the original's client, which waits for that", async () => {
      await put("u.service", `{"options":${one},"desiredState":"launched"}`);
      await put("u.service", `{"options":${two}}`, "User-Agent: google-api-go-client/0.5");
      expect(JSON.parse(await get("u.service")).desiredState).toBe("inactive");
    });

    it.each([
      [[], 415, "expected 1 Content-Type, got 0"],
      [
        ["Content-Type: application/json", "Content-Type: application/json"],
        415,
        "expected 1 Content-Type, got 2",
      ],
      [["Content-Type: application/xml"], 415, "only acceptable Content-Type is application/json"],
      [["Content-Type: Application/JSON; charset=utf-8"], 201, undefined],
    ])("looks at the content type %j", async (headers, status, message) => {
      const body = `{"options":${one}}`;
      const lines = ["PUT /fleet/v1/units/a.service HTTP/1.1", ...headers, `Content-Length: ${body.length}`];
      const answer = await askRaw(api.where, lines, body);
      expect(answer.status).toBe(status);
      expect(answer.body).toBe(message === undefined ? "" : error(status, message));
    });

    it.each([
      ["", "EOF"],
      ["  ", "EOF"],
      ["{", "unexpected EOF"],
      ['{"name":"a', "unexpected EOF"],
      ["[]", "json: cannot unmarshal array into Go value of type schema.Unit"],
      ['"x"', "json: cannot unmarshal string into Go value of type schema.Unit"],
      ['{"name":5}', "json: cannot unmarshal number into Go struct field Unit.name of type string"],
      [
        '{"options":"x"}',
        "json: cannot unmarshal string into Go struct field Unit.options of type []*schema.UnitOption",
      ],
      [
        '{"options":[{"section":1}]}',
        "json: cannot unmarshal number into Go struct field UnitOption.options.section of type string",
      ],
      ['{"options":[null]}', "json: cannot unmarshal null into Go value of type schema.UnitOption"],
    ])("cannot decode %j", async (body, reason) => {
      const answer = await put("a.service", body);
      expect([answer.status, answer.body]).toEqual([400, error(400, `unable to decode body: ${reason}`)]);
    });

    it("begins with the same words for whatever is no JSON", async () => {
      const answer = await put("a.service", "not json");
      expect(answer.status).toBe(400);
      expect(JSON.parse(answer.body).error.message).toMatch(/^unable to decode body: ./);
    });

    it.each([
      [`{"OPTIONS":${one},"DesiredState":"loaded"}`, "keys in any case"],
      [`{"options":${one},"name":null,"unknown":1}`, "null and unknown keys"],
      [`{"options":${one}} and more`, "bytes after the first value"],
      [`{"options":${one},"currentState":"launched","machineID":"x"}`, "read-only fields"],
      [`{"options":${one},"name":"a.service"}`, "the same name"],
    ])("takes %s", async (body) => {
      expect((await put("a.service", body)).status).toBe(201);
    });

    it.each([
      [
        "foo.service",
        '{"name":"bar.service"}',
        'name in URL "foo.service" differs from unit name in request body "bar.service"',
      ],
      ["foo", `{"options":${one}}`, 'unit name must contain "."'],
      ["foo.", `{"options":${one}}`, 'unit name cannot end in "."'],
      ["foo.bar", `{"options":${one}}`, 'invalid unit type: "bar"'],
      ["a@.mount", `{"options":${one}}`, 'invalid unit type for template: "mount"'],
      ["a%20b.service", `{"options":${one}}`, "invalid character ' ' in unit name"],
      ["@x.service", `{"options":${one}}`, 'unit name cannot start in "@"'],
      [`${"a".repeat(249)}.service`, `{"options":${one}}`, "unit name exceeds maximum length (256)"],
      [
        "a.service",
        '{"desiredState":"bogus"}',
        'invalid desiredState "bogus": expected inactive, loaded or launched',
      ],
      [
        "a.service",
        `{"options":${one},"desiredState":"Launched"}`,
        'invalid desiredState "Launched": expected inactive, loaded or launched',
      ],
      ["t@.service", `{"options":${one},"desiredState":"launched"}`, 'cannot activate template "t@.service"'],
      [
        "a.service",
        `{"options":${options(["X-Fleet", "MachineID", "m"], ["X-Fleet", "MachineOf", "b.service"])}}`,
        "MachineID cannot be used with Peers",
      ],
      [
        "a.service",
        `{"options":${options(["X-Fleet", "Global", "true"], ["X-Fleet", "MachineOf", "b.service"])}}`,
        "Global cannot be used with Peers",
      ],
      [
        "a.service",
        `{"options":${options(["X-Fleet", "MachineOf", "b.service"], ["X-Fleet", "Conflicts", "*.service"])}}`,
        'unresolvable requirements: peer "b.service" matches conflict "*.service"',
      ],
    ])("refuses %s with %s", async (name, body, message) => {
      const answer = await put(name, body);
      expect([answer.status, answer.body]).toEqual([400, error(400, message)]);
    });

    it("holds replacements against the same rules as new units", async () => {
      await put("a.service", `{"options":${one}}`);
      const list = options(["X-Fleet", "Global", "true"], ["X-Fleet", "Replaces", "b.service"]);
      const answer = await put("a.service", `{"options":${list}}`);
      expect([answer.status, answer.body]).toEqual([400, error(400, "Global cannot be used with Replaces")]);
      expect(JSON.parse(await get("a.service")).options).toEqual(JSON.parse(one));
    });

    it("refuses options that would come back as others", async () => {
      for (const value of ["line\nB=2", "trailing\\", " blank"]) {
        const answer = await put("a.service", `{"options":${options(["Unit", "A", value])}}`);
        expect([value, answer.status]).toEqual([value, 400]);
      }
    });

    it("answers with the revision, which a later read can demand", async () => {
      const { headers } = await put("a.service", `{"options":${one}}`);
      const revision = Number(headers["fleet-revision"]);
      expect(revision).toBe(api.cluster.revision);
      const read = await api.send(
        "GET",
        "/fleet/v1/units/a.service",
        undefined,
        `Fleet-Min-Revision: ${revision}`,
      );
      expect(Number(read.headers["fleet-revision"])).toBeGreaterThanOrEqual(revision);
    });

    it("tells nothing about internal failures, and says when etcd is away", async () => {
      const codes = ["unavailable", "compacted", "permission-denied"] as const;
      for (const code of codes) {
        api.cluster.writeFailure = new FleetError(
          code,
          "cannot read from etcd at http://10.0.0.1:2379: secret",
          {
            hint: "look after etcd",
          },
        );
        const body = `{"options":${one}}`;
        for (const answer of [
          await put("a.service", body),
          await api.send("DELETE", "/fleet/v1/units/a.service"),
        ]) {
          expect([answer.status, answer.body, answer.headers.server]).toEqual([
            503,
            error(503, "fleet server unable to communicate with etcd"),
            undefined,
          ]);
        }
        const v2 = await api.send("PUT", "/fleet/v2/units/a.service", JSON.stringify({ text: "[A]\nb=c\n" }));
        expect([v2.status, JSON.parse(v2.body).error]).toEqual([
          503,
          { code: 503, hint: "look after etcd", message: "fleet server unable to communicate with etcd" },
        ]);
      }
    });
  });

  describe("DELETE units/<name>", () => {
    it("removes once, body and content type ignored", async () => {
      await put("a.service", `{"options":${one}}`);
      const first = await api.send("DELETE", "/fleet/v1/units/a.service", "garbage");
      expect([first.status, first.body]).toEqual([204, ""]);
      const second = await api.send("DELETE", "/fleet/v1/units/a.service");
      expect([second.status, second.body]).toEqual([404, error(404, "unit does not exist")]);
    });

    it("removes a unit whose record cannot be read", async () => {
      api.cluster.spoil("bad.service");
      expect(await get("bad.service")).toBe('{"name":"bad.service"}');
      expect((await api.send("GET", "/fleet/v1/units")).body).toBe('{"units":[{"name":"bad.service"}]}');
      expect((await api.send("DELETE", "/fleet/v1/units/bad.service")).status).toBe(204);
    });
  });

  describe("currentState and machineID", () => {
    const entity = async (name: string) => {
      const { currentState, machineID } = JSON.parse(await get(name));
      return [currentState, machineID];
    };

    it("follow the seat and what its machine says", async () => {
      const { cluster } = api;
      cluster.addMachine("m1", "127.0.0.1");
      cluster.addMachine("m2", "127.0.0.2");
      await put("a.service", `{"options":${one},"desiredState":"launched"}`);
      expect(await entity("a.service")).toEqual(["inactive", undefined]);
      cluster.seat("m1", "a.service", "launched");
      expect(await entity("a.service")).toEqual(["inactive", "m1"]);
      cluster.report("m1", "a.service", {});
      expect(await entity("a.service")).toEqual(["loaded", "m1"]);
      cluster.report("m1", "a.service", { isStarted: true, activeState: "active", subState: "running" });
      expect(await entity("a.service")).toEqual(["launched", "m1"]);
      // A hand-over: the successor counts as soon as it is as far.
      cluster.seat("m2", "a.service", "launched");
      expect(await entity("a.service")).toEqual(["launched", "m1"]);
      cluster.report("m2", "a.service", { isStarted: true, activeState: "active", subState: "running" });
      expect(await entity("a.service")).toEqual(["launched", "m2"]);
      // Told to go: it is there until it has gone.
      cluster.unseat("m1", "a.service");
      cluster.forgetState("m1", "a.service");
      cluster.seat("m2", "a.service", "absent");
      expect(await entity("a.service")).toEqual(["launched", "m2"]);
      cluster.report("m2", "a.service", { condition: "unloaded" });
      expect(await entity("a.service")).toEqual(["inactive", undefined]);
    });

    it("are not launched while the seat does not ask for the content or the start that is wanted", async () => {
      const { cluster } = api;
      cluster.addMachine("m1", "127.0.0.1");
      await put("a.service", `{"options":${one},"desiredState":"launched"}`);
      const run = () => {
        cluster.seat("m1", "a.service", "launched");
        cluster.report("m1", "a.service", { isStarted: true, activeState: "active", subState: "running" });
      };
      run();
      expect(await entity("a.service")).toEqual(["launched", "m1"]);
      await put("a.service", `{"options":${two},"desiredState":"launched"}`);
      expect(await entity("a.service")).toEqual(["loaded", "m1"]);
      run();
      expect(await entity("a.service")).toEqual(["launched", "m1"]);
      await api.send("PUT", "/fleet/v2/units/a.service", '{"restart":true}');
      expect(await entity("a.service")).toEqual(["loaded", "m1"]);
      run();
      expect(await entity("a.service")).toEqual(["launched", "m1"]);
    });

    it("know nothing of absent machines", async () => {
      const { cluster } = api;
      cluster.addMachine("m1", "127.0.0.1");
      await put("a.service", `{"options":${one},"desiredState":"launched"}`);
      cluster.seat("m1", "a.service", "launched");
      cluster.report("m1", "a.service", { isStarted: true });
      cluster.loseMachine("m1");
      expect(await entity("a.service")).toEqual(["inactive", undefined]);
    });

    it("are left out for global units, alone and in lists", async () => {
      await put(
        "g.service",
        `{"options":${options(["X-Fleet", "Global", "true"])},"desiredState":"launched"}`,
      );
      const unit =
        '{"desiredState":"launched","name":"g.service","options":[{"name":"Global","section":"X-Fleet","value":"true"}]}';
      expect(await get("g.service")).toBe(unit);
      expect((await api.send("GET", "/fleet/v1/units")).body).toBe(`{"units":[${unit}]}`);
    });
  });
});
