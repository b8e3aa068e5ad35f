import { parseUnitName, unitContentFromText } from "@fleet/core";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type ApiHarness, createApiHarness } from "./testing/api-harness.js";
import { until } from "./testing/manual-clock.js";

// Another server has written a unit, and the watch of this one has not delivered it yet: only a refresh shows it.
const name = parseUnitName("late.service");
const content = unitContentFromText("[Service]\nExecStart=/bin/true\n");
let api: ApiHarness;
let refreshes: number;

beforeEach(() => {
  api = createApiHarness();
  refreshes = 0;
  api.cluster.refresh = async () => {
    refreshes += 1;
    await api.cluster.changeUnit(name, () => ({ content, desiredState: "launched" }));
    return api.cluster.revision;
  };
});
afterEach(() => api.client.close());

it.each([`/fleet/v1/units/${name}`, `/fleet/v2/units/${name}`, `/fleet/v2/units/${name}/explain`])(
  "GET %s finds it",
  async (path) => {
    expect((await api.ask("GET", path)).status).toBe(200);
    expect((await api.ask("GET", path)).status).toBe(200);
    expect(refreshes).toBe(1);
    expect(api.cluster.holds).toBe(0);
  },
);

it("a first look finds it", async () => {
  const answer = await api.ask("GET", `/fleet/v2/wait?units=${name}&after=0&timeout=0`);
  expect(JSON.parse(answer.body)).toMatchObject({ units: [{ name }] });
});

it("what etcd does not have either is not there, and somebody who waits on asks etcd no more", async () => {
  const none = "none.service";
  const { body } = await api.ask("GET", `/fleet/v2/wait?units=${none}&after=0&timeout=0`);
  const { missing, revision } = JSON.parse(body);
  expect([missing, refreshes]).toEqual([[none], 1]);
  await api.ask("GET", `/fleet/v2/wait?units=${none}&after=${revision}&timeout=0`);
  expect(refreshes).toBe(1);
  expect((await api.ask("GET", `/fleet/v2/units/${none}`)).status).toBe(404);
});

it("waiting for the replica and asking etcd take no longer than one of them may", async () => {
  const { clock, cluster } = api;
  let isAsked = false;
  cluster.refresh = (signal) =>
    new Promise((_, reject) => {
      isAsked = true;
      signal?.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
    });
  cluster.setCondition("syncing");
  const began = clock.now();
  const asking = api
    .ask("GET", `/fleet/v2/units/${name}`)
    .then(({ status }) => [status, clock.now() - began]);
  await until(() => clock.sleeping.includes(8_000));
  clock.advance(7_000);
  cluster.setCondition("current");
  await until(() => isAsked);
  clock.advance(1_000);
  await until(() => !clock.sleeping.includes(8_000));
  expect(await asking).toEqual([503, 8_000]);
  expect(cluster.holds).toBe(0);
});
