import { describe, expect, it } from "vitest";
import { ApiError } from "./api-error.js";
import { FleetClient } from "./fleet-client.js";
import type { HttpRequest, Transport } from "./transport.js";

const never = new AbortController().signal;
const clock = { monotonic: () => 0, sleep: async () => undefined };

interface Scripted {
  readonly client: FleetClient;
  readonly asked: HttpRequest[];
}

/** A client of a server that gives these answers, one after the other, the last one for ever. */
function scripted(
  ...answers: readonly (readonly [status: number, body?: unknown, revision?: number])[]
): Scripted {
  const asked: HttpRequest[] = [];
  const transport: Transport = {
    endpoint: "test:",
    close: () => undefined,
    request: async (request) => {
      const [status, body, revision] = answers[Math.min(asked.length, answers.length - 1)] ?? [500];
      asked.push(request);
      return {
        status,
        headers: revision === undefined ? {} : { "fleet-revision": String(revision) },
        body: typeof body === "string" ? body : JSON.stringify(body ?? {}),
      };
    },
  };
  return { client: new FleetClient({ transport, clock, userAgent: "test" }), asked };
}

const noSuchRoute = { error: { code: 404, message: "" } };

describe("the client", () => {
  it("reads all pages, and passes filters along", async () => {
    const { client, asked } = scripted(
      [200, { states: [{ name: "a" }], nextPageToken: "x=" }],
      [200, { states: [{ name: "b" }] }],
    );
    expect(await client.listStates({ unitName: "a@1.service" }, never)).toEqual([
      { name: "a" },
      { name: "b" },
    ]);
    expect(asked.map(({ path }) => path)).toEqual([
      "/fleet/v1/state?alt=json&unitName=a%401.service",
      "/fleet/v1/state?alt=json&unitName=a%401.service&nextPageToken=x%3D",
    ]);
    expect(asked[0]?.headers).toEqual({ "user-agent": "test" });
  });

  it("stops at a server that gives one page for ever", async () => {
    const { client, asked } = scripted([200, { nextPageToken: "x" }]);
    expect(await client.listUnits(never)).toEqual([]);
    expect(asked.length).toBe(2);
  });

  it.each([
    [400, { error: { code: 400, message: "bad" } }, "invalid-argument", "bad", undefined],
    [404, { error: { code: 404, message: "gone" } }, "not-found", "gone", undefined],
    [409, { error: { code: 409, message: "no", hint: "do" } }, "conflict", "no", "do"],
    [500, { error: { code: 500, message: "" } }, "internal", "", undefined],
    [502, "<html>", "internal", "", undefined],
    [503, { error: { code: 503, message: "away" } }, "unavailable", "away", undefined],
  ])("keeps the words of a %i", async (status, body, code, message, hint) => {
    const { client } = scripted([status, body]);
    const error = await client.listMachines(never).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ status, code, message, hint });
  });

  it("does not take everything for fleet's API", async () => {
    for (const body of ["<html></html>", "5", "null"]) {
      await expect(scripted([200, body]).client.listUnits(never)).rejects.toMatchObject({
        hint: "the answer is not from a fleet API: check the endpoint",
      });
    }
  });

  it("demands its own writes of every later read", async () => {
    const { client, asked } = scripted([201, { effect: "created" }, 17], [200, {}, 20], [200, {}]);
    await client.putUnitV2("a.service", { text: "x" }, never);
    await client.listUnits(never);
    await client.listMachines(never);
    expect(asked.map(({ headers }) => headers["fleet-min-revision"])).toEqual([undefined, "17", "17"]);
    expect(asked[0]).toMatchObject({
      method: "PUT",
      path: "/fleet/v2/units/a.service",
      headers: { "content-type": "application/json" },
      body: '{"text":"x"}',
    });
  });

  it("asks for v2 once, and then leaves it", async () => {
    const { client, asked } = scripted([404, noSuchRoute]);
    expect(await client.getUnitV2("a.service", never)).toBe("unsupported");
    expect(await client.putUnitV2("a.service", {}, never)).toBe("unsupported");
    expect(asked.length).toBe(1);
  });

  it("writes many units in one request, and sees them afterwards", async () => {
    const units = [
      { name: "a.service", text: "x" },
      { name: "b.service", destroy: true },
    ];
    const told = { revision: 17, units: [{ name: "a.service", effect: "created", revision: 17 }] };
    const { client, asked } = scripted([200, told, 17], [200, {}]);
    expect(await client.writeUnits(units, never)).toEqual(told);
    await client.listUnits(never);
    expect(asked[0]).toMatchObject({
      method: "POST",
      path: "/fleet/v2/units",
      body: JSON.stringify({ units }),
    });
    expect(asked[1]?.headers["fleet-min-revision"]).toBe("17");
  });

  it("goes on with v2 where a server cannot write many units", async () => {
    const { client, asked } = scripted([404, noSuchRoute], [200, { effect: "changed" }]);
    const units = [{ name: "a.service", destroy: true }];
    expect(await client.writeUnits(units, never)).toBe("unsupported");
    expect(await client.writeUnits(units, never)).toBe("unsupported");
    expect(await client.putUnitV2("a.service", {}, never)).toEqual({ effect: "changed" });
    expect(asked.length).toBe(2);
  });

  it("tells a unit that is missing from a server without v2", async () => {
    const { client } = scripted([404, { error: { code: 404, message: "unit does not exist" } }]);
    expect(await client.getUnitV2("a.service", never)).toBeUndefined();
    expect(await client.getUnit("a.service", never)).toBeUndefined();
    expect(await client.destroyUnit("a.service", never)).toBe(false);
  });

  it("follows units by what changed", async () => {
    const a = { name: "a", global: false, desiredState: "launched" };
    const state = { name: "a", machineID: "m", condition: "loaded", currentState: "loaded", sinceMs: 0 };
    const { client, asked } = scripted(
      [200, { revision: 5, units: [a], missing: ["b"] }],
      [200, { revision: 6 }],
      [200, { revision: 7, units: [a], states: [state] }],
      [200, { revision: 9, missing: ["a"], units: [{ ...a, name: "b" }] }],
    );
    const seen: unknown[] = [];
    for await (const { revision, units, states, isComplete } of client.follow(["a", "b"], never)) {
      seen.push([revision, [...units.keys()], [...states.keys()], isComplete]);
      if (seen.length === 3) break;
    }
    expect(seen).toEqual([
      [5, ["a"], [], true],
      [7, ["a"], ["a"], true],
      [9, ["b"], [], true],
    ]);
    expect(asked.map(({ path, patienceMs }) => [path, patienceMs])).toEqual([
      ["/fleet/v2/wait?units=a,b&after=0&timeout=0", 0],
      ["/fleet/v2/wait?units=a,b&after=5&timeout=25", 25_000],
      ["/fleet/v2/wait?units=a,b&after=6&timeout=25", 25_000],
      ["/fleet/v2/wait?units=a,b&after=7&timeout=25", 25_000],
    ]);
  });

  it("goes on by asking when an older server takes over", async () => {
    const unit = { name: "a", desiredState: "launched", options: [] };
    const { client } = scripted(
      [200, { revision: 5, units: [{ ...unit, global: false }] }],
      [404, noSuchRoute],
      [200, unit],
      [200, {}],
    );
    const seen: boolean[] = [];
    for await (const { isComplete } of client.follow(["a"], never)) {
      seen.push(isComplete);
      if (seen.length === 2) break;
    }
    expect(seen).toEqual([true, false]);
  });

  it("asks a server without v2 again and again", async () => {
    const { client, asked } = scripted(
      [404, noSuchRoute],
      [
        200,
        {
          name: "g.service",
          desiredState: "launched",
          currentState: "inactive",
          options: [{ section: "X-Fleet", name: "Global", value: "true" }],
        },
      ],
      [200, { states: [{ name: "g.service", machineID: "m", systemdActiveState: "active" }] }],
    );
    for await (const { units, states, isComplete } of client.follow(["g.service"], never)) {
      expect(isComplete).toBe(false);
      expect(units.get("g.service")).toMatchObject({ global: true, desiredState: "launched" });
      expect(units.get("g.service")?.currentState).toBeUndefined();
      expect(states.get("g.service")).toMatchObject([{ currentState: "launched", condition: "loaded" }]);
      break;
    }
    expect(asked.map(({ path }) => path)).toEqual([
      "/fleet/v2/wait?units=g.service&after=0&timeout=0",
      "/fleet/v1/units/g.service?alt=json",
      "/fleet/v1/state?alt=json&unitName=g.service",
    ]);
  });
});
