import { FleetError } from "@fleet/core";
import { VirtualClock } from "@fleet/registry/contract";
import { afterEach, beforeEach, expect, it } from "vitest";
import { silentLogger } from "../../../test/support/silent-logger.js";
import { EtcdProbe } from "./etcd-probe.js";

let clock: VirtualClock;
let end: AbortController;
let running: Promise<void>;
let probe: EtcdProbe;
let isAway: boolean;
let asked: string[];
let logged: string[];

beforeEach(() => {
  clock = new VirtualClock();
  end = new AbortController();
  isAway = true;
  asked = [];
  logged = [];
  const log = (message: string) => void logged.push(message);
  probe = new EtcdProbe({
    store: {
      range: async (request) => {
        asked.push(JSON.stringify(request));
        if (isAway) throw new FleetError("unavailable", "cannot reach etcd at nowhere");
        return { items: [], count: 0, more: false, revision: 1 };
      },
    },
    key: "/fleet/cluster",
    clock,
    logger: { ...silentLogger, info: log, warn: log },
  });
  running = probe.run(end.signal);
});
afterEach(async () => {
  end.abort();
  await running;
});

it("asks nothing if it is over soon", async () => {
  await clock.advance(900);
  end.abort();
  await running;
  expect(asked).toEqual([]);
});

it("says once that etcd is away, and that it is there again", async () => {
  await clock.advance(12_000);
  expect(probe.problem).toBe("cannot reach etcd at nowhere");
  expect(asked).toEqual(Array.from({ length: 3 }, () => '{"key":"/fleet/cluster"}'));
  expect(logged).toEqual(["cannot reach etcd either; trying again"]);
  isAway = false;
  await clock.advance(5_000);
  expect(probe.problem).toBeUndefined();
  expect(logged.slice(1)).toEqual(["etcd answers"]);
});

it("says nothing of an etcd that is there, or when it is over", async () => {
  isAway = false;
  await clock.advance(7_000);
  expect(logged).toEqual([]);
  isAway = true;
  await clock.advance(5_000);
  end.abort();
  await running;
  expect(probe.problem).toBeUndefined();
});
