import { createInMemoryTransport, FleetClient } from "@fleet/client";
import { createInsight } from "@fleet/engine";
import { createMemoryStore, createReplica, createUnitRegistry, Keys, Trust } from "@fleet/registry";
import { afterEach, expect, it } from "vitest";
import { createApiServer } from "./api-server.js";
import { createStrictLogger } from "./testing/api-harness.js";
import { ManualClock } from "./testing/manual-clock.js";

const stop = new AbortController();
const running: Promise<void>[] = [];
afterEach(async () => {
  stop.abort();
  await Promise.all(running);
});

it("stands on the real registry", async () => {
  const clock = new ManualClock();
  const store = createMemoryStore(clock);
  const logger = createStrictLogger();
  let ids = 0;
  const uuid = () => {
    ids += 1;
    return `00000000-0000-4000-8000-${String(ids).padStart(12, "0")}`;
  };
  const random = { uuid, fraction: () => 0.5 };
  const options = { trust: new Trust(store), keys: new Keys(), clock, random, logger };
  const replica = createReplica(options);
  running.push(replica.run(stop.signal));
  const server = createApiServer({
    replica,
    units: createUnitRegistry(options),
    insight: createInsight(clock),
    availability: () => ({ available: true }),
    tokenLimit: 100,
    version: "0.1.0",
    logger,
    clock,
  });
  const client = new FleetClient({ transport: createInMemoryTransport(server.listener), clock });
  const { signal } = new AbortController();
  const text = "# kept\n[Service]\nExecStart=/bin/true\n";

  expect(await client.listUnits(signal)).toEqual([]);
  expect(await client.putUnitV2("a.service", { text }, signal)).toMatchObject({ effect: "created" });
  expect(await client.putUnitV2("a.service", { text }, signal)).toMatchObject({ effect: "unchanged" });
  expect(await client.getUnitV2("a.service", signal)).toMatchObject({ text, desiredState: "inactive" });

  const seen: unknown[] = [];
  for await (const { units } of client.follow(["a.service"], signal)) {
    seen.push(units.get("a.service")?.desiredState);
    if (seen.length === 1) await client.putUnit("a.service", { desiredState: "launched" }, signal);
    if (seen.length === 2) await client.destroyUnit("a.service", signal);
    if (seen.length === 3) break;
  }
  expect(seen).toEqual(["inactive", "launched", undefined]);
  expect(await client.destroyUnit("a.service", signal)).toBe(false);
  await client.changeMetadata([{ op: "remove", path: "/m1/metadata/k" }], signal);
});
