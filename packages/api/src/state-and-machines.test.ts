import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { askRaw } from "./testing/raw-http.js";
import { type ServedApi, serveApi, ways } from "./testing/served-api.js";

let api: ServedApi;
const error = (code: number, message: string): string =>
  `{"error":{"code":${code},"message":${JSON.stringify(message)}}}`;
const get = async (path: string) => (await api.send("GET", `/fleet/v1/${path}`)).body;

describe.each(ways)("over %s", (over) => {
  beforeEach(async () => {
    api = await serveApi({ over });
    api.cluster.addMachine("m2", "127.0.0.2");
    api.cluster.addMachine("m1", "127.0.0.1", { role: "web", az: "b" });
  });
  afterEach(() => api.stop());

  describe("state", () => {
    const running = {
      activeState: "active",
      subState: "running",
      hash: "11fc84a72a6c5c9f05b91d02f56f4cdf42eaede3",
    };
    const entity = (machine: string) =>
      `{"hash":"${running.hash}","machineID":"${machine}","name":"g.service","systemdActiveState":"active","systemdLoadState":"loaded","systemdSubState":"running"}`;
    beforeEach(() => {
      api.cluster.report("m2", "g.service", running);
      api.cluster.report("m1", "g.service", running);
      api.cluster.report("m1", "a.service", { hash: "" });
    });

    it.each([
      ["state?unitName=g.service", `{"states":[${entity("m1")},${entity("m2")}]}`],
      ["state?unitName=g.service&machineID=m2", `{"states":[${entity("m2")}]}`],
      ["state?unitName=&machineID=m2", `{"states":[${entity("m2")}]}`],
      ["state?machineID=m3", "{}"],
      ["state?unitName=g.service&unitName=a.service&machineID=m2", `{"states":[${entity("m2")}]}`],
      ["state/g.service", entity("m1")],
      ["state/g.service?machineID=m2", entity("m2")],
    ])("%s", async (path, body) => {
      expect(await get(path)).toBe(body);
    });

    it("leaves empty fields out", async () => {
      expect(await get("state/a.service")).toBe(
        '{"machineID":"m1","name":"a.service","systemdActiveState":"inactive","systemdLoadState":"loaded","systemdSubState":"dead"}',
      );
    });

    it("does not mention units that a machine let go of or refused", async () => {
      api.cluster.report("m1", "g.service", { condition: "unloaded" });
      api.cluster.report("m2", "g.service", { condition: "refused", reason: "it belongs to the host" });
      expect(await get("state?unitName=g.service")).toBe("{}");
      expect((await api.send("GET", "/fleet/v1/state/g.service")).status).toBe(404);
    });

    it("does not mention machines that are away", async () => {
      api.cluster.loseMachine("m1");
      expect(await get("state")).toBe(`{"states":[${entity("m2")}]}`);
    });
  });

  describe("machines", () => {
    it("are listed by id, empty fields left out", async () => {
      api.cluster.addMachine("m3", "");
      expect(await get("machines")).toBe(
        '{"machines":[{"id":"m1","metadata":{"az":"b","role":"web"},"primaryIP":"127.0.0.1"},{"id":"m2","primaryIP":"127.0.0.2"},{"id":"m3"}]}',
      );
    });

    it("are patched in the original's shape and in the documented one", async () => {
      const patch = [
        { op: "add", path: "/m2/metadata/foo", value: { value: "bar" } },
        { op: "replace", path: "/m2/metadata/10", value: "x" },
        { op: "add", path: "/m2/metadata/9", value: "y" },
        { op: "remove", path: "/m1/metadata/az" },
        { op: "remove", path: "/m1/metadata/role", value: 5 },
        { op: "add", path: "/nobody/metadata/a.b_c-d", value: "z" },
      ];
      const answer = await api.send("PATCH", "/fleet/v1/machines", JSON.stringify(patch));
      expect([answer.status, answer.body, answer.headers["content-type"]]).toEqual([
        204,
        "",
        "application/json",
      ]);
      expect(await get("machines")).toBe(
        '{"machines":[{"id":"m1","primaryIP":"127.0.0.1"},{"id":"m2","metadata":{"10":"x","9":"y","foo":"bar"},"primaryIP":"127.0.0.2"}]}',
      );
    });

    const good = '{"op":"add","path":"/m1/metadata/k","value":"v"}';
    const path = "machine metadata path invalid";
    it.each([
      ["", "EOF"],
      ["{}", "json: cannot unmarshal object into Go value of type []api.machineMetadataOp"],
      [`[${good},{"op":"move","path":"/m1/metadata/k"}]`, "invalid op: expect add, remove, or replace"],
      [`[${good},{"op":"add","path":"/m1/foo","value":"v"}]`, path],
      [`[${good},{"op":"add","path":"m1/metadata/k","value":"v"}]`, path],
      [`[${good},{"op":"add","path":"/m1/metadata/a/b","value":"v"}]`, path],
      [`[${good},{"op":"add","path":"/m1/metadata/a b","value":"v"}]`, path],
      [`[${good},{"op":"add","path":"/../metadata/x","value":"v"}]`, path],
      [`[${good},{"op":"add","path":"/m1/metadata/..","value":"v"}]`, path],
      [`[${good},{"op":"add","path":"/m1/metadata/k"}]`, "invalid value: add and replace require a value"],
      [
        `[${good},{"op":"add","path":"/m1/metadata/k","value":{"value":""}}]`,
        "invalid value: add and replace require a value",
      ],
      [`[${good},null]`, "json: cannot unmarshal null into Go value of type api.machineMetadataOp"],
      ...["a\nb", "\tx", "\u001b[31mred", "\u007f", "\u009b", "\u2028"].map((value) => [
        `[${good},${JSON.stringify({ op: "add", path: "/m1/metadata/k", value })}]`,
        "invalid value: metadata must not contain control characters",
      ]),
      [`[${Array(101).fill(good).join(",")}]`, "too many operations: at most 100 in one request"],
    ])("refuse %j as a whole", async (body, message) => {
      const before = await get("machines");
      const answer = await api.send("PATCH", "/fleet/v1/machines", body);
      expect([answer.status, answer.body]).toEqual([400, error(400, message)]);
      expect(await get("machines")).toBe(before);
    });

    it.each([[], ["Content-Type: text/plain"], ["Content-Type: application/json-patch+json"]])(
      "are patched whatever the type of the content is said to be: %j",
      async (...headers) => {
        const body = `[${good}]`;
        const lines = ["PATCH /fleet/v1/machines HTTP/1.1", ...headers, `Content-Length: ${body.length}`];
        expect((await askRaw(api.where, lines, body)).status).toBe(204);
        expect(await get("machines")).toContain('"k":"v"');
      },
    );

    it("get their own back when it is put there again", async () => {
      const patch = async (...operations: readonly unknown[]) =>
        expect((await api.send("PATCH", "/fleet/v1/machines", JSON.stringify(operations))).status).toBe(204);
      await patch(
        { op: "remove", path: "/m1/metadata/az" },
        { op: "add", path: "/m1/metadata/k", value: "v" },
      );
      const changed = '{"id":"m1","metadata":{"k":"v","role":"web"},"primaryIP":"127.0.0.1"}';
      expect(await get("machines")).toContain(changed);
      await patch({ op: "replace", path: "/m1/metadata/az", value: "c" });
      expect(await get("machines")).toContain('{"az":"c","k":"v","role":"web"}');
    });

    it("are shown as in the original's checklist", async () => {
      api.cluster.loseMachine("m1");
      api.cluster.loseMachine("m2");
      api.cluster.addMachine("XXX", "");
      api.cluster.addMachine("YYY", "1.2.3.4", { ping: "pong" });
      expect(await get("machines")).toBe(
        '{"machines":[{"id":"XXX"},{"id":"YYY","metadata":{"ping":"pong"},"primaryIP":"1.2.3.4"}]}',
      );
    });

    it.each(["[]", "null"])("take %s for nothing to do", async (body) => {
      expect((await api.send("PATCH", "/fleet/v1/machines", body)).status).toBe(204);
    });
  });
});
