import { parseMachineId } from "@fleet/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ApiHarness, createApiHarness } from "./testing/api-harness.js";

const unit = "[Service]\nExecStart=/bin/true\n";

let api: ApiHarness;
beforeEach(async () => {
  api = createApiHarness();
  api.cluster.leader = {
    machine: parseMachineId("m1"),
    instance: "leader",
    createRevision: 1,
    modRevision: 1,
  };
  api.cluster.addMachine("m1", "127.0.0.1", { zone: "us", rack: "a" });
  api.cluster.addMachine("m2", "127.0.0.2", { rack: "a" });
  await put("db.service", unit);
  await put("web.service", `${unit}[X-Fleet]\nMachineMetadata=zone=us\nConflicts=db*\n`);
  api.cluster.seat("m1", "db.service", "launched");
  api.cluster.report("m1", "db.service", { activeState: "active", subState: "running", isStarted: true });
});
afterEach(() => api.client.close());

async function put(name: string, text: string, desiredState = "launched"): Promise<void> {
  await api.ask("PUT", `/fleet/v2/units/${name}`, JSON.stringify({ text, desiredState }));
}

async function post(path: string, body: object | string) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const answer = await api.ask("POST", path, text);
  return { status: answer.status, revision: answer.headers["fleet-revision"], ...JSON.parse(answer.body) };
}

describe("GET units/<name>/explain", () => {
  it("says why a unit has no place, and what would help", async () => {
    const { body, headers, status } = await api.ask("GET", "/fleet/v2/units/web.service/explain");
    expect(status).toBe(200);
    expect(headers["fleet-revision"]).toBe(String(api.cluster.revision));
    expect(JSON.parse(body)).toEqual({
      name: "web.service",
      revision: api.cluster.revision,
      standing: "waiting",
      summary: "has no place on any of 2 machines",
      desiredState: "launched",
      placesTotal: 0,
      objections: [
        {
          check: "conflicts",
          machines: 1,
          what: "conflicts with db.service (pattern db*)",
          examples: ["m1"],
          others: ["db.service"],
          pattern: "db*",
        },
        {
          check: "machine-metadata",
          machines: 1,
          what: "lacks zone=us",
          examples: ["m2"],
          wanted: "zone=us",
          found: [{ what: "no zone", machines: 1 }],
        },
      ],
      suggestions: [
        { what: "set zone=us on machine m2", machineID: "m2", proof: "planned" },
        { what: "remove MachineMetadata=zone=us from web.service", machineID: "m2", proof: "planned" },
        { what: "remove Conflicts=db* from web.service", machineID: "m1", proof: "planned" },
        {
          what: "unload db.service, which is on m1",
          command: "fleetctl unload db.service",
          machineID: "m1",
          proof: "planned",
        },
      ],
    });
  });

  it("says where a unit is", async () => {
    expect(await api.client.planner.explain("db.service", new AbortController().signal)).toMatchObject({
      standing: "placed",
      places: [{ machineID: "m1", role: "seat", present: true, state: { systemdActiveState: "active" } }],
    });
  });

  it("sees each change, however soon it is asked", async () => {
    for (const state of ["failed", "active", "activating"]) {
      api.cluster.report("m1", "db.service", { activeState: state, isStarted: true });
      const { body } = await api.ask("GET", "/fleet/v2/units/db.service/explain");
      expect(JSON.parse(body).places[0].state.systemdActiveState).toBe(state);
    }
  });

  it("is a 404 for a unit that does not exist, with the name that may be meant", async () => {
    const { body, status } = await api.ask("GET", "/fleet/v2/units/wbe.service/explain");
    expect(status).toBe(404);
    expect(JSON.parse(body).error).toMatchObject({ hint: "did you mean web.service?" });
  });

  it("takes no other method, and knows no other aspect", async () => {
    expect((await api.ask("PUT", "/fleet/v2/units/db.service/explain", "{}")).status).toBe(405);
    expect((await api.ask("GET", "/fleet/v2/units/db.service/excuse")).status).toBe(404);
  });
});

describe("POST plan", () => {
  it("says what would become of the cluster, and changes nothing", async () => {
    const before = api.cluster.revision;
    expect(
      await post("/fleet/v2/plan", { lose: ["m1"], add: [{ count: 1, metadata: { zone: "us" } }] }),
    ).toEqual({
      status: 200,
      revision: before,
      fits: true,
      moves: [
        { name: "db.service", from: ["m1"], to: ["m2"], reason: "machine m1 is away" },
        {
          name: "web.service",
          to: ["new-1"],
          reason: "desired state launched; fewest seats (0) of the machines that fit",
        },
      ],
      movesTotal: 2,
      refusalsTotal: 0,
      machines: [
        { machineID: "m1", fate: "lost", before: 1, after: 0 },
        { machineID: "m2", fate: "kept", before: 0, after: 1 },
        { machineID: "new-1", fate: "added", before: 0, after: 1 },
      ],
    });
    expect(api.cluster.revision).toBe(before);
  });

  it.each<[object, boolean]>([
    [{ start: [{ name: "new.service", text: unit }] }, true],
    [{ start: [{ name: "new.service", text: `${unit}[X-Fleet]\nConflicts=*\n` }] }, true],
    [{ start: [{ name: "new.service", text: `${unit}[X-Fleet]\nMachineID=m9\n` }] }, false],
    [{ load: [{ name: "db.service" }], stop: ["web.service"], unload: ["web.service"] }, true],
    [{ lose: ["m2"], drain: ["m1"] }, false],
    [{ loseMetadata: { rack: "a" } }, false],
    [{ uncordon: ["m1"], cordon: ["m2"] }, true],
    [{}, true],
  ])("%j: %s", async (proposal, fits) => {
    expect(await post("/fleet/v2/plan", proposal)).toMatchObject({ status: 200, fits });
  });

  it.each<[object | string, string]>([
    ["[]", "expected an object"],
    ["{", "unable to decode body"],
    [{ burn: ["m1"] }, 'unknown field "burn"'],
    [{ drain: "m1" }, "drain must be a list"],
    [{ drain: [1] }, "drain must be a list of texts"],
    [{ drain: ["m9"] }, "machine m9 does not exist"],
    [{ stop: ["no.service"] }, "unit no.service does not exist"],
    [{ start: ["db.service"] }, "start must be a list of units"],
    [{ start: [{ name: "no.service" }] }, "unit no.service does not exist"],
    [{ start: [{ name: "no" }] }, "name"],
    [{ start: [{ name: "w@.service", text: unit }] }, "template"],
    [{ start: [{ name: "no.service", text: "[X-Fleet]\nGlobal=true\nMachineOf=a.service\n" }] }, "Global"],
    [{ loseMetadata: { rack: "z" } }, "no machine that is present has rack=z"],
    [{ loseMetadata: ["rack"] }, "loseMetadata must be an object"],
    [{ add: [{ count: 0 }] }, "add.count must be a number from 1 to 1000"],
    [{ add: [{ count: 1000 }, { count: 1 }] }, "adds 1000 machines at most"],
    [{ add: [{ count: 1, capacity: { memory: "much" } }] }, '"much" is no amount of memory'],
    [{ add: [{ count: 1, capacity: { "2gpu": "1" } }] }, '"2gpu=1" is not of the form name=amount'],
    [{ add: [{ count: 1, capacity: { "a=b": "1" } }] }, "is not of the form name=amount"],
    [{ add: [{ count: 1, capacity: { gpu: "1,cpu=1" } }] }, "is no amount of gpu"],
    [{ add: [{ count: 1, capacity: { " cpu": "1" } }] }, "is no amount of  cpu"],
    [
      { start: [{ name: "db.service" }], unload: ["db.service"] },
      "unit db.service cannot be both in start and in unload",
    ],
    [{ load: [{ name: "db.service" }], stop: ["db.service"] }, "both in load and in stop"],
    [{ add: [{ count: 1, metadata: { a: 1 } }] }, "add.metadata must be an object of texts"],
  ])("refuses %j", async (proposal, message) => {
    const { error, status } = await post("/fleet/v2/plan", proposal);
    expect(status).toBe(400);
    expect(error.message).toContain(message);
  });
});

describe("POST plan/survive", () => {
  it("says which losses leave units without a place", async () => {
    expect(await post("/fleet/v2/plan/survive", { losses: 1 })).toMatchObject({
      status: 200,
      losses: 1,
      total: 2,
      checked: 2,
    });
    await put("only.service", `${unit}[X-Fleet]\nMachineID=m2\n`);
    api.cluster.seat("m2", "only.service", "launched");
    expect(await post("/fleet/v2/plan/survive", { losses: 1 })).toMatchObject({
      fatal: [{ machineIDs: ["m2"], units: ["only.service"], unitsTotal: 1 }],
    });
    expect(await post("/fleet/v2/plan/survive", { losses: 2 })).toMatchObject({
      total: 1,
      fatal: [{ machineIDs: ["m1", "m2"], units: ["db.service"] }],
    });
  });

  it("goes on only with what it has begun with", async () => {
    const { checked, revision } = await post("/fleet/v2/plan/survive", { losses: 1 });
    expect(await post("/fleet/v2/plan/survive", { losses: 1, from: checked, revision })).toMatchObject({
      checked,
    });
    expect(await post("/fleet/v2/plan/survive", { losses: 1, from: 1, revision: 1 })).toMatchObject({
      status: 409,
    });
  });

  it.each([
    {},
    { losses: 3 },
    { losses: 1, from: -1 },
    { losses: 1, revision: "7" },
    { losses: 1, revision: null },
    { losses: 1, k: 2 },
  ])("refuses %j", async (question) => {
    expect((await post("/fleet/v2/plan/survive", question)).status).toBe(400);
  });
});
