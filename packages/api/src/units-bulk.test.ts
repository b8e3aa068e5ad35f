import { FleetError, parseUnitName, RegistryDistrustError } from "@fleet/core";
import { expect, it } from "vitest";
import { createApiHarness } from "./testing/api-harness.js";
import { until } from "./testing/manual-clock.js";

const text = "# kept\n[Service]\nExecStart=/bin/true\n";
const other = "[Service]\nExecStart=/bin/false\n";

function setUp() {
  const { ask, clock, cluster } = createApiHarness();
  const write = async (units: unknown, more: object = {}) => {
    const answer = await ask("POST", "/fleet/v2/units", JSON.stringify({ units, ...more }));
    return { status: answer.status, headers: answer.headers, body: JSON.parse(answer.body) };
  };
  const states = () =>
    Object.fromEntries([...cluster.units.values()].map(({ name, desiredState }) => [name, desiredState]));
  return { ask, clock, cluster, states, write };
}

it("creates, changes and destroys units in one request", async () => {
  const { cluster, states, write } = setUp();
  const created = await write([
    { name: "a.service", text },
    { name: "b.service", text, desiredState: "launched" },
    { name: "c.service", text: other },
  ]);
  expect(created).toMatchObject({
    status: 200,
    body: {
      revision: cluster.revision,
      units: ["a", "b", "c"].map((name) => ({ name: `${name}.service`, effect: "created" })),
    },
  });
  expect(created.headers["fleet-revision"]).toBe(String(cluster.revision));
  const changed = await write([
    { name: "c.service", destroy: true },
    { name: "b.service", text, desiredState: "launched" },
    { name: "a.service", text: other, replace: true, desiredState: "loaded" },
  ]);
  expect(changed.body.units).toMatchObject([
    { name: "c.service", effect: "changed" },
    { name: "b.service", effect: "unchanged" },
    { name: "a.service", effect: "changed" },
  ]);
  expect(states()).toEqual({ "a.service": "loaded", "b.service": "launched" });
});

it("says of each what its own request would have said, and goes on with the others", async () => {
  const { states, write } = setUp();
  await write([{ name: "a.service", text }]);
  const { status, body } = await write([
    { name: "a.service", text: other },
    { name: "no-such-type", text },
    { name: "gone.service", destroy: true },
    { name: "new.service", desiredState: "launched" },
    { name: "t@.service", text, desiredState: "launched" },
    { name: "kind.service", text: 5 },
    { name: "stranger.service", text, machineID: "m1" },
    { name: "both.service", text, destroy: true },
    { name: "good.service", text },
  ]);
  expect(status).toBe(200);
  const codes = body.units.map(({ error }: { error?: { code: number } }) => error?.code);
  expect(codes).toEqual([409, 400, 404, 404, 400, 400, 400, 400, undefined]);
  expect(body.units[0].error).toEqual({
    code: 409,
    hint: "replace it, or destroy it first",
    message: "unit a.service exists and says something else",
  });
  expect(states()).toEqual({ "a.service": "inactive", "good.service": "inactive" });
});

it("refuses a request that is wrong as a whole, and writes nothing", async () => {
  const { states, write } = setUp();
  const good = { name: "a.service", text };
  const many = Array.from({ length: 1_001 }, (_, index) => ({ name: `u${index}.service`, text }));
  for (const units of [undefined, [], "a.service", [good, "b"], [good, { text }], [good, good], many]) {
    expect(await write(units)).toMatchObject({ status: 400 });
  }
  expect(await write([good], { all: true })).toMatchObject({ status: 400 });
  expect(states()).toEqual({});
});

it("refuses a unit that is too large for its own request, and no other", async () => {
  const { ask, states, write } = setUp();
  const ofBytes = (bytes: number): string => `${text}${"# €\n".repeat(bytes / 7)}`;
  const units = [
    { name: "a.service", text },
    { name: "large.service", text: ofBytes(1_000_000) },
    { name: "too-large.service", text: ofBytes(1_100_000) },
    { name: "z.service", text },
  ];
  const { status, body } = await write(units);
  expect(status).toBe(200);
  const codes = body.units.map(({ error }: { error?: { code: number } }) => error?.code);
  expect(codes).toEqual([undefined, undefined, 413, undefined]);
  expect(Object.keys(states())).toEqual(["a.service", "large.service", "z.service"]);
  const own = await ask("PUT", "/fleet/v2/units/too-large.service", JSON.stringify({ text: units[2]?.text }));
  expect(own.status).toBe(413);
});

it("takes a thousand units", async () => {
  const { cluster, write } = setUp();
  const units = Array.from({ length: 1_000 }, (_, index) => ({ name: `u${index}.service`, text }));
  expect((await write(units)).body.units.length).toBe(1_000);
  expect(cluster.units.size).toBe(1_000);
  expect(cluster.units.get(parseUnitName("u999.service"))?.content?.text).toBe(text);
});

it.each([
  [new FleetError("unavailable", "etcd at 10.0.0.1 is away"), /fleet server/],
  [new RegistryDistrustError("the registry is not believed: it was wiped"), /not believed/],
])("answers as a whole when etcd is the trouble: %s", async (failure, message) => {
  const { cluster, write } = setUp();
  cluster.writeFailure = failure;
  const { status, body } = await write([{ name: "a.service", text }]);
  expect([status, body.error.message]).toEqual([503, expect.stringMatching(message)]);
});

it("says what became of the others when etcd did not serve some, and shows what was written", async () => {
  const { ask, cluster, write } = setUp();
  const writeUnits = cluster.writeUnits.bind(cluster);
  const failures = [
    new FleetError("unavailable", "etcd at 10.0.0.1 is away", { hint: "see http://me:word@10.0.0.1" }),
    new FleetError("deadline-exceeded", "not written within 20 s"),
  ];
  cluster.writeUnits = async (writes) => [
    ...(await writeUnits(writes.slice(0, 1))),
    ...failures.map((error) => ({ error })),
  ];
  const { status, body, headers } = await write(
    ["a", "b", "c"].map((name) => ({ name: `${name}.service`, text })),
  );
  expect([status, body.revision, headers["fleet-revision"]]).toEqual([
    200,
    cluster.revision,
    String(cluster.revision),
  ]);
  expect(body.units).toEqual([
    { name: "a.service", effect: "created", revision: cluster.revision },
    {
      name: "b.service",
      error: {
        code: 503,
        message: "fleet server unable to communicate with etcd",
        hint: "see http://***@10.0.0.1",
      },
    },
    { name: "c.service", error: { code: 504, message: "not written within 20 s" } },
  ]);
  // What was written is noted: no view that is older is shown.
  cluster.revision -= 1;
  const reading = ask("GET", "/fleet/v2/units/a.service");
  cluster.addMachine("m9", "10.0.0.9");
  expect((await reading).headers["fleet-revision"]).toBe(String(body.revision));
});

it("answers as a whole when nothing is known of any unit, or the registry is not believed", async () => {
  const { cluster, write } = setUp();
  const away = new FleetError("unavailable", "etcd is away");
  const units = [
    { name: "a.service", text },
    { name: "b.service", text },
  ];
  const known = { outcome: { revision: 1, effect: "created" } } as const;
  cluster.writeUnits = async () => [{ error: away }, { error: away }];
  expect((await write(units)).status).toBe(503);
  expect((await write([{ name: "no-such-type", text }, ...units])).status).toBe(200);
  cluster.writeUnits = async () => [known, { error: new RegistryDistrustError("wiped") }];
  expect((await write(units)).status).toBe(503);
});

it("tells what is known before its clients give up", async () => {
  const { clock, cluster, write } = setUp();
  cluster.writeUnits = (_, signal) =>
    new Promise((resolve) => {
      const known = { outcome: { revision: 1, effect: "created" } } as const;
      signal?.addEventListener("abort", () => resolve([known, { error: signal.reason }]), { once: true });
    });
  const writing = write([
    { name: "a.service", text },
    { name: "b.service", text },
  ]);
  await until(() => clock.sleeping.includes(20_000));
  clock.advance(20_000);
  const { status, body } = await writing;
  expect([status, body.units[1].error.code]).toEqual([200, 504]);
});

it("takes no other method", async () => {
  const { ask } = setUp();
  expect((await ask("GET", "/fleet/v2/units")).status).toBe(405);
});
