import { parseMachineId, parseUnitName } from "@fleet/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ApiHarness, createApiHarness } from "./testing/api-harness.js";

let api: ApiHarness;
beforeEach(() => {
  api = createApiHarness({ tokenLimit: 2 });
  api.cluster.addMachine("m1", "127.0.0.1", { zone: "eu" });
  api.cluster.addMachine("m2", "127.0.0.2");
  api.cluster.addMachine("m3", "127.0.0.3");
});
afterEach(() => api.client.close());

const get = async (query = "") => JSON.parse((await api.ask("GET", `/fleet/v2/machines${query}`)).body);
const put = async (id: string, body: unknown) => {
  const answer = await api.ask("PUT", `/fleet/v2/machines/${id}`, JSON.stringify(body));
  return { status: answer.status, body: JSON.parse(answer.body) };
};
const policyOf = (id: string) => api.cluster.machines.get(parseMachineId(id))?.policy;

describe("GET /fleet/v2/machines", () => {
  it("lists all known machines in pages, those that are away too, and only some on request", async () => {
    api.cluster.loseMachine("m2");
    const first = await get();
    expect(first.machines).toEqual([
      {
        machineID: "m1",
        condition: "up",
        cordoned: false,
        drained: false,
        released: false,
        metadata: { zone: "eu" },
        primaryIP: "127.0.0.1",
        seats: 0,
        version: "0.1.0",
      },
      { machineID: "m2", condition: "away", cordoned: false, drained: false, released: false, seats: 0 },
    ]);
    const second = await get(`?nextPageToken=${encodeURIComponent(first.nextPageToken)}`);
    expect(second.machines.map((machine: { machineID: string }) => machine.machineID)).toEqual(["m3"]);
    expect(second.nextPageToken).toBeUndefined();
    expect((await get("?ids=m3,m9")).machines).toMatchObject([{ machineID: "m3" }]);
  });

  it("says where another machine with the id was refused", async () => {
    const m1 = api.cluster.machines.get(parseMachineId("m1"));
    if (m1 === undefined) throw new Error("no machine");
    const duplicate = { primaryIp: "", apiAddresses: ["http://192.0.2.7:80"], refusedAtMs: 1 };
    api.cluster.machines.set(m1.id, { ...m1, duplicate });
    expect((await get("?ids=m1")).machines).toMatchObject([{ duplicate: "http://192.0.2.7:80" }]);
  });

  it("says whose units wait, and until when", async () => {
    api.cluster.loseMachine("m2");
    api.cluster.sayStatus({
      machines: [{ machine: parseMachineId("m2"), held: "lost", untilMs: 7 }],
      refusals: [],
    });
    expect((await get("?ids=m2")).machines).toMatchObject([{ held: "lost", heldUntilMs: 7 }]);
  });

  it("says what a machine has, and what units reserve of it", async () => {
    const id = parseMachineId("m2");
    const machine = api.cluster.machines.get(id)!;
    const capacity = { cpu: 4000, memory: 2 * 1024 ** 3, gpu: 1 };
    api.cluster.machines.set(id, { ...machine, presence: { ...machine.presence!, capacity } });
    for (const [unit, reserve] of [
      ["a.service", "cpu=0.5,memory=512M"],
      ["b.service", "cpu=250m"],
    ] as const) {
      const text = `[Service]\nExecStart=/bin/true\n[X-Fleet]\nReserve=${reserve}\n`;
      await api.ask("PUT", `/fleet/v2/units/${unit}`, JSON.stringify({ text, desiredState: "launched" }));
      api.cluster.seat("m2", unit, "launched");
    }
    expect((await get("?ids=m2")).machines).toMatchObject([
      {
        capacity: { cpu: "4", memory: "2G", gpu: "1" },
        reserved: { cpu: "0.75", memory: "512M" },
        seats: 2,
      },
    ]);
  });

  it("says so of the units, too", async () => {
    const text = "[Service]\nExecStart=/bin/true\n";
    await api.ask("PUT", "/fleet/v2/units/a.service", JSON.stringify({ text, desiredState: "launched" }));
    api.cluster.seat("m2", "a.service", "launched", "because");
    api.cluster.loseMachine("m2");
    api.cluster.sayStatus({ machines: [{ machine: parseMachineId("m2"), held: "lost" }], refusals: [] });
    const { problem, seats } = JSON.parse((await api.ask("GET", "/fleet/v2/units/a.service")).body);
    expect(seats).toEqual([
      { held: "lost", machineID: "m2", present: false, reason: "because", target: "launched" },
    ]);
    expect(problem).toBe("stays on machine m2, which is away and held: lost");
  });

  it("does not take a machine for away whose record cannot be read", async () => {
    const id = parseMachineId("m1");
    const machine = api.cluster.machines.get(id);
    if (machine === undefined) throw new Error("no m1");
    api.cluster.machines.set(id, { ...machine, presence: undefined, unreadable: 7 });
    expect((await get("?ids=m1")).machines).toMatchObject([{ condition: "unreadable" }]);
  });
});

describe("PUT /fleet/v2/machines/<id>", () => {
  it("changes what is named, and nothing when it is said again", async () => {
    expect(await put("m1", { cordoned: true, note: "disk" })).toMatchObject({
      status: 200,
      body: { effect: "changed" },
    });
    expect((await put("m1", { cordoned: true })).body.effect).toBe("unchanged");
    expect(policyOf("m1")).toEqual({ cordoned: true, drained: false, note: "disk" });
    expect((await put("m1", { note: "" })).body.effect).toBe("changed");
    expect(policyOf("m1")).toEqual({ cordoned: true, drained: false });
  });

  it("cordons what it drains, and ends the drain of what takes units again", async () => {
    await put("m1", { drained: true, handOversMax: 2 });
    expect(policyOf("m1")).toEqual({ cordoned: true, drained: true, handOversMax: 2 });
    await put("m1", { cordoned: false, handOversMax: 0 });
    expect(policyOf("m1")).toEqual({ cordoned: false, drained: false });
  });

  it("releases only who is away, and forgets it when that is over", async () => {
    expect(await put("m2", { released: true })).toMatchObject({
      status: 409,
      body: { error: { message: 'cannot release machine "m2": it is present' } },
    });
    api.cluster.loseMachine("m2");
    await put("m2", { released: true });
    expect(policyOf("m2")).toEqual({ cordoned: false, drained: false, released: 1 });
    await put("m2", { cordoned: true });
    expect(policyOf("m2")).toEqual({ cordoned: true, drained: false, released: 1 });
    api.cluster.addMachine("m2", "127.0.0.2");
    await put("m2", { drained: true });
    expect(policyOf("m2")).toEqual({ cordoned: true, drained: true });
  });

  it.each([
    ["m9", {}, 404, 'machine "m9" is not known'],
    ["m1", [], 400, "unable to decode body: expected an object"],
    ["m1", { cordon: true }, 400, 'unable to decode body: unknown field "cordon"'],
    ["m1", { cordoned: "yes" }, 400, "unable to decode body: cordoned must be true or false"],
    ["m1", { drained: true, cordoned: false }, 400, "a machine that is drained is cordoned, too"],
    [
      "m1",
      { handOversMax: -1 },
      400,
      "unable to decode body: handOversMax must be a whole number up to 100000",
    ],
    ["m1", { note: "a\nb" }, 400, "unable to decode body: note must be a line of at most 200 characters"],
    ["..", {}, 404, ""],
  ])("refuses %s %j", async (id, body, status, message) => {
    const answer = await put(id, body);
    expect([answer.status, answer.body.error.message]).toEqual([status, message]);
  });
});

describe("GET /fleet/v2/status", () => {
  it("says what the leader says of the whole cluster, and nothing of what is not so", async () => {
    const status = async () => JSON.parse((await api.ask("GET", "/fleet/v2/status")).body);
    expect(
      Object.keys(await status()).filter((key) => /paced|quarantine|refusals|rollOuts/.test(key)),
    ).toEqual([]);
    const unit = parseUnitName("a.service");
    const quarantine = { count: 30, records: [{ key: "x", problem: "is not JSON" }] };
    api.cluster.sayStatus({
      machines: [],
      refusals: [{ unit, reason: "no machine" }],
      moreRefusals: 4,
      paced: 2,
      rollOuts: [{ unit, left: 9 }],
      quarantine,
    });
    expect(await status()).toMatchObject({
      refusals: 5,
      paced: 2,
      rollOuts: [{ name: "a.service", left: 9 }],
      quarantine,
    });
  });
});
