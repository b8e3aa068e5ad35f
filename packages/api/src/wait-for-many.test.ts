import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { until } from "./testing/manual-clock.js";
import { type ServedApi, serveApi } from "./testing/served-api.js";

let api: ServedApi;
beforeEach(async () => {
  api = await serveApi();
});
afterEach(() => api.stop());

const text = "[Service]\nExecStart=/bin/true\n";
const put = (name: string) => api.ask("PUT", `/fleet/v2/units/${name}`, JSON.stringify({ text }));

describe("waiting for more units than fit into a line", () => {
  it("takes the names from the body of a POST", async () => {
    await put("a.service");
    const ask = (body: unknown) => api.ask("POST", "/fleet/v2/wait", JSON.stringify(body));
    const { status, body } = await ask({ units: ["a.service", "b.service"], after: 0, timeout: 0 });
    expect([status, JSON.parse(body)]).toMatchObject([
      200,
      { missing: ["b.service"], units: [{ name: "a.service" }] },
    ]);
    const refusals: readonly (readonly [body: unknown, message: string])[] = [
      [{}, "units must name at least one unit"],
      [{ units: [] }, "units must name at least one unit"],
      [{ units: "a" }, "units must name at least one unit"],
      [{ units: ["a", 1] }, "units must name at least one unit"],
      [{ units: ["a"], after: "1" }, 'after must be a number, not "1"'],
      [{ units: ["a"], after: 1.5 }, "after must be a revision"],
      [{ units: ["a"], timeout: -1 }, "timeout must be a number, not -1"],
      [{ units: ["a"], until: 1 }, 'unable to decode body: unknown field "until"'],
      [["a"], "unable to decode body: expected an object"],
    ];
    for (const [wrong, message] of refusals) {
      const answer = await ask(wrong);
      expect([wrong, answer.status, JSON.parse(answer.body).error.message]).toEqual([wrong, 400, message]);
    }
  });

  it("is asked about more units than fit into a line, also as a client's own writes are to be seen", async () => {
    const names = Array.from({ length: 50_000 }, (_, index) => `a-rather-long-name-${index}@x.service`);
    const never = new AbortController().signal;
    await api.client.putUnitV2("a-rather-long-name-49999@x.service", { text }, never);
    const snapshot = await api.client.look(names, never);
    expect([...snapshot.units.keys()]).toEqual([names[49_999]]);
    const changes = api.client.follow(names, never);
    await changes.next();
    const news = changes.next();
    await until(() => api.cluster.holds > 0);
    await put("a-rather-long-name-7@x.service");
    expect([...((await news).value?.units.keys() ?? [])].sort()).toEqual([names[49_999], names[7]]);
  });
});
