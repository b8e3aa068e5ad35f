import { contentId, parseMachineId, parseUnitName, RegistryDistrustError } from "@fleet/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { until } from "./testing/manual-clock.js";
import { type ServedApi, serveApi } from "./testing/served-api.js";

let api: ServedApi;
beforeEach(async () => {
  api = await serveApi();
  api.cluster.addMachine("m1", "127.0.0.1");
});
afterEach(() => api.stop());

const text = "# kept\n[Service]\nExecStart=/bin/true\n";
const put = async (name: string, body: object) => {
  const answer = await api.send("PUT", `/fleet/v2/units/${name}`, JSON.stringify(body));
  return { status: answer.status, body: JSON.parse(answer.body) };
};
const get = async (path: string) => JSON.parse((await api.send("GET", `/fleet/v2/${path}`)).body);

describe("PUT and GET /fleet/v2/units/<name>", () => {
  it("keep the exact text", async () => {
    expect(await put("a.service", { text, desiredState: "launched" })).toMatchObject({
      status: 201,
      body: { effect: "created", name: "a.service" },
    });
    expect(await get("units/a.service")).toMatchObject({
      currentState: "inactive",
      desiredState: "launched",
      global: false,
      name: "a.service",
      text,
    });
  });

  it("change nothing when repeated", async () => {
    await put("a.service", { text });
    expect(await put("a.service", { text })).toMatchObject({ status: 200, body: { effect: "unchanged" } });
    expect(await put("a.service", { desiredState: "inactive" })).toMatchObject({
      body: { effect: "unchanged" },
    });
  });

  it("replace only on request, and keep the state", async () => {
    await put("a.service", { text, desiredState: "launched" });
    const other = "[Service]\nExecStart=/bin/false\n";
    expect(await put("a.service", { text: other })).toEqual({
      status: 409,
      body: {
        error: {
          code: 409,
          hint: "replace it, or destroy it first",
          message: "unit a.service exists and says something else",
        },
      },
    });
    expect(await put("a.service", { text: other, replace: true })).toMatchObject({ status: 201 });
    expect(await get("units/a.service")).toMatchObject({ text: other, desiredState: "launched" });
  });

  it("take a text with other comments on request, and pass it over otherwise", async () => {
    await put("a.service", { text });
    const other = text.replace("kept", "changed");
    expect(await put("a.service", { text: other })).toMatchObject({ body: { effect: "unchanged" } });
    expect((await get("units/a.service")).text).toBe(text);
    await put("a.service", { text: other, replace: true });
    expect((await get("units/a.service")).text).toBe(other);
  });

  it("start a launched unit once more on request", async () => {
    await put("a.service", { text, desiredState: "launched" });
    const count = () => [...api.cluster.units.values()][0]?.startCount;
    expect(count()).toBe(1);
    await put("a.service", { desiredState: "launched", restart: true });
    expect(count()).toBe(2);
  });

  it.each([
    ["nosuch.service", { desiredState: "launched" }, 404, "unit does not exist"],
    ["a.service", { text: "" }, 400, "the unit file is empty"],
    ["a.service", { text: "[Unit" }, 400, "unable to find end of section"],
    [
      "a.service",
      { text: "[X-Fleet]\nGlobal=true\nMachineOf=b.service\n" },
      400,
      "Global cannot be used with Peers",
    ],
    ["a@.service", { text, desiredState: "launched" }, 400, 'cannot activate template "a@.service"'],
    [
      "a.service",
      { text, desiredState: "x" },
      400,
      'invalid desiredState "x": expected inactive, loaded or launched',
    ],
    ["a.service", { text: 5 }, 400, "unable to decode body: text must be a string"],
    ["a.service", { text, replace: "yes" }, 400, "unable to decode body: replace must be true or false"],
    ["a.service", { txt: "" }, 400, 'unable to decode body: unknown field "txt"'],
    ["a", { text }, 400, 'unit name must contain "."'],
  ])("refuse %s %j", async (name, body, status, message) => {
    const answer = await put(name, body);
    expect([answer.status, answer.body.error.message]).toEqual([status, message]);
  });

  it("say where in a unit file the mistake is", async () => {
    const { body } = await put("a.service", { text: "[Unit]\nDescription\n" });
    expect(body.error.hint).toMatch(/^line 2, column \d+: expected /);
  });
});

describe("GET /fleet/v2/wait", () => {
  const wait = (query: string) => api.send("GET", `/fleet/v2/wait?${query}`);

  it("answers at once with everything about the units", async () => {
    await put("a.service", { text, desiredState: "launched" });
    api.cluster.seat("m1", "a.service", "launched", "fewest units");
    api.cluster.report("m1", "a.service", {
      isStarted: true,
      activeState: "failed",
      subState: "failed",
      jobResult: "failed",
    });
    const answer = JSON.parse((await wait("units=a.service,b.service&after=0&timeout=0")).body);
    expect(answer).toMatchObject({
      revision: api.cluster.revision,
      missing: ["b.service"],
      units: [
        {
          name: "a.service",
          currentState: "launched",
          machineID: "m1",
          seats: [{ machineID: "m1", present: true, reason: "fewest units", target: "launched" }],
        },
      ],
      states: [
        {
          name: "a.service",
          machineID: "m1",
          contentID: contentId(text),
          currentState: "launched",
          jobResult: "failed",
          condition: "loaded",
        },
      ],
    });
    expect(answer.units[0].options).toBeUndefined();
  });

  it("answers when one of the units changes, and not when others do", async () => {
    await put("a.service", { text });
    const revision = api.cluster.revision;
    let isAnswered = false;
    const answer = wait(`units=a.service&after=${revision}&timeout=30`).then((value) => {
      isAnswered = true;
      return value;
    });
    await until(() => api.clock.sleeping.includes(30_000));
    await put("other.service", { text });
    await api.send("GET", "/fleet/v1/units");
    expect(isAnswered).toBe(false);
    await put("a.service", { desiredState: "launched" });
    expect(JSON.parse((await answer).body)).toMatchObject({
      revision: api.cluster.revision,
      units: [{ name: "a.service", desiredState: "launched" }],
    });
  });

  it("answers when the leader says why a unit has no place, and when it does not any more", async () => {
    await put("a.service", { text, desiredState: "launched" });
    const reason = "no machine: 1 lacks zone=eu";
    const answer = wait(`units=a.service&after=${api.cluster.revision}`);
    await until(() => api.clock.sleeping.includes(30_000));
    api.cluster.sayStatus({ machines: [], refusals: [{ unit: parseUnitName("a.service"), reason }] });
    expect(JSON.parse((await answer).body).units).toMatchObject([{ name: "a.service", problem: reason }]);
    expect(await get("units/a.service")).toMatchObject({ problem: reason });
    const next = wait(`units=a.service&after=${api.cluster.revision}`);
    await until(() => api.clock.sleeping.includes(30_000));
    api.cluster.sayStatus({ machines: [], refusals: [] });
    expect(JSON.parse((await next).body).units[0].problem).toBeUndefined();
  });

  it("tells of a unit that was destroyed", async () => {
    await put("a.service", { text });
    const answer = wait(`units=a.service&after=${api.cluster.revision}`);
    await until(() => api.clock.sleeping.includes(30_000));
    await api.send("DELETE", "/fleet/v1/units/a.service");
    expect(JSON.parse((await answer).body)).toEqual({
      missing: ["a.service"],
      revision: api.cluster.revision,
    });
  });

  it("answers with the revision alone when the time is up", async () => {
    await put("a.service", { text });
    const revision = api.cluster.revision;
    const answer = wait(`units=a.service&after=${revision}&timeout=7`);
    await until(() => api.clock.sleeping.includes(7_000));
    api.clock.advance(7_000);
    expect(await answer).toMatchObject({ status: 200, body: `{"revision":${revision}}` });
  });

  it("mentions only what changed since", async () => {
    await put("a.service", { text });
    const revision = api.cluster.revision;
    await put("b.service", { text });
    const answer = JSON.parse((await wait(`units=a.service,b.service&after=${revision}`)).body);
    expect(answer.units.map(({ name }: { name: string }) => name)).toEqual(["b.service"]);
  });

  it.each([
    ["", "units must name at least one unit"],
    ["units=", "units must name at least one unit"],
    ["units=a.service&after=x", 'after must be a number, not "x"'],
    ["units=a.service&after=1.5", "after must be a revision"],
    ["units=a.service&timeout=-1", 'timeout must be a number, not "-1"'],
  ])("refuses %j", async (query, message) => {
    const answer = await wait(query);
    expect([answer.status, JSON.parse(answer.body).error.message]).toEqual([400, message]);
  });

  it("ends when the server stops", async () => {
    const answer = wait(`units=a.service&after=${api.cluster.revision}`);
    await until(() => api.clock.sleeping.includes(30_000));
    await api.stop();
    expect((await answer).status).toBe(503);
  });
});

describe("availability", () => {
  const body = '{"error":{"code":503,"message":"fleet server unable to communicate with etcd"}}';

  it("is a 503 for every path but those about the daemon itself, which say why", async () => {
    const problem = "no answer of etcd at http://root:secret@127.0.0.1:2379";
    const shown = "no answer of etcd at http://***@127.0.0.1:2379";
    api.availability = { available: false, problem };
    for (const path of ["/fleet/v1/units", "/nosuch", "/"]) {
      const answer = await api.send("GET", path);
      expect([path, answer.status, answer.body, answer.headers.server]).toEqual([path, 503, body, undefined]);
    }
    expect(JSON.parse((await api.send("GET", "/fleet/v2/units/a.service")).body).error.hint).toBe(shown);
    expect(await get("status")).toMatchObject({
      available: false,
      machineID: "m1",
      problem: shown,
      replica: "current",
      version: "0.1.0",
    });
  });

  it("is a 503 in every version while etcd is not believed, which says why and what lifts it", async () => {
    api.cluster.readFailure = new RegistryDistrustError("it is at revision 3, but was at 40 before");
    api.cluster.writeFailure = api.cluster.readFailure;
    const requests = [
      ["GET", "/fleet/v1/units"],
      ["GET", "/v1-alpha/machines"],
      ["GET", "/fleet/v1/state"],
      ["DELETE", "/fleet/v1/units/a.service"],
      ["GET", "/fleet/v2/units/a.service"],
      ["GET", "/fleet/v2/wait?units=a.service"],
    ] as const;
    for (const [method, path] of requests) {
      const { body, status } = await api.send(method, path);
      expect([path, status, JSON.parse(body)]).toEqual([
        path,
        503,
        {
          error: {
            code: 503,
            hint: expect.stringMatching(/^etcd was wiped or restored: .+: fleetctl machine accept --all$/),
            message: "the registry is not believed: it is at revision 3, but was at 40 before",
          },
        },
      ]);
    }
  });

  it("tells which losses the leader holds moves for", async () => {
    const machine = parseMachineId("m2");
    api.cluster.sayStatus({
      machines: [{ machine, held: "most machines vanished", untilMs: 5 }],
      refusals: [],
    });
    expect((await get("status")).holds).toEqual([
      { machineID: "m2", reason: "most machines vanished", untilMs: 5 },
    ]);
  });

  it("tells of the status even if the copy of the cluster cannot be had", async () => {
    api.cluster.setCondition("idle");
    const answer = api.send("GET", "/fleet/v2/status");
    await until(() => api.clock.sleeping.includes(1_000));
    api.clock.advance(1_000);
    expect(JSON.parse((await answer).body)).toMatchObject({ available: true, replica: "idle" });
  });

  it("does not keep people from looking for the fault", async () => {
    const problem = "etcd does not answer at http://root:secret@127.0.0.1:2379";
    api.availability = { available: false, problem };
    await get("status");
    const answer = await api.send("GET", "/fleet/v2/debug/state");
    expect(JSON.parse(answer.body)).toMatchObject({
      api: { available: false, answers: { "2xx": 1 }, underWay: 1 },
      replica: { condition: "current", machinesPresent: 1, revision: api.cluster.revision },
      session: { condition: "joined" },
    });
    expect(answer.body).toContain("http://***@127.0.0.1:2379");
    expect(answer.body).not.toMatch(/root|secret/);
    expect(await api.send("GET", "/metrics")).toMatchObject({ status: 200, body: "fleet_up 1\n" });
  });

  it("is a 503 when the replica stays behind", async () => {
    api.cluster.setCondition("disconnected");
    const answer = api.send("GET", "/fleet/v1/units");
    await until(() => api.clock.sleeping.includes(8_000));
    api.clock.advance(8_000);
    expect(await answer).toMatchObject({ status: 503, body });
  });

  it("waits for the revision that a client demands", async () => {
    const wanted = api.cluster.revision + 1;
    const answer = api.send("GET", "/fleet/v1/units", undefined, `Fleet-Min-Revision: ${wanted}`);
    await until(() => api.clock.sleeping.includes(8_000));
    api.cluster.addMachine("m2", "");
    expect(Number((await answer).headers["fleet-revision"])).toBe(wanted);
  });

  it("says which revision was not reached, and that etcd is well", async () => {
    const { revision } = api.cluster;
    const wanted = revision + 5;
    const answer = api.send("GET", "/fleet/v2/units/a.service", undefined, `Fleet-Min-Revision: ${wanted}`);
    await until(() => api.clock.sleeping.includes(8_000));
    api.clock.advance(8_000);
    expect(await answer).toMatchObject({
      status: 503,
      body: expect.stringContaining(
        `"message":"revision ${wanted} was not reached within 8 s: this server is at ${revision}"`,
      ),
    });
  });

  it.each([
    "/fleet/v1/units/no.service",
    "/fleet/v1/state/no.service",
    "/fleet/v2/units/no.service",
    "/fleet/v2/units/no.service/explain",
  ])("says of which revision it is that %s is not there", async (path) => {
    const { headers, status } = await api.send("GET", path);
    expect([status, headers["fleet-revision"]]).toEqual([404, String(api.cluster.revision)]);
  });

  it.each(["abc", "-1", "1.5", "0x10", "1, 2", "99999999999999999999", "1e3"])(
    "refuses %s as a revision",
    async (wanted) => {
      for (const path of ["/fleet/v1/units", "/fleet/v2/wait?units=a.service"]) {
        expect(await api.send("GET", path, undefined, `Fleet-Min-Revision: ${wanted}`)).toMatchObject({
          status: 400,
          body: expect.stringContaining(`Fleet-Min-Revision must be a revision, not \\"${wanted}\\"`),
        });
      }
    },
  );

  it("holds the replica while somebody waits", async () => {
    await put("a.service", { text });
    const answer = api.send("GET", `/fleet/v2/wait?units=a.service&after=${api.cluster.revision}`);
    await until(() => api.cluster.holds === 1);
    await put("a.service", { desiredState: "launched" });
    await answer;
    expect(api.cluster.holds).toBe(0);
  });
});
