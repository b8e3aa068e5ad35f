import { TransportError } from "@fleet/client";
import { parseMachineId, RegistryDistrustError } from "@fleet/core";
import { describe, expect, it } from "vitest";
import { until } from "../../../api/src/testing/manual-clock.js";
import { createCliHarness, machineIds } from "../testing/cli-harness.js";

const unit = "[Service]\nExecStart=/bin/true\n";

function createCluster(behaviour: "hangs" | "nowhere") {
  const harness = createCliHarness();
  for (const name of ["a", "b"]) {
    harness.files.set(`${name}.service`, unit);
    harness.autopilot.behaviours.set(`${name}.service`, behaviour);
  }
  return harness;
}

/** A unit that takes for ever to start, and a server that can go away. */
function createBreakableCluster() {
  const server = { isAway: false };
  const harness = createCliHarness((transport) => ({
    ...transport,
    request: async (request, signal) => {
      if (server.isAway) throw new TransportError("unavailable", "connection refused", false);
      return transport.request(request, signal);
    },
  }));
  harness.files.set("a.service", unit);
  harness.autopilot.behaviours.set("a.service", "hangs");
  return { harness, server };
}

describe("--timeout", () => {
  it.each([
    ["--timeout=3", 3_000],
    ["--timeout=0.5", 500],
    ["--timeout=3 --block-attempts=5", 3_000],
    ["--timeout=30 --block-attempts=1", 2_000],
  ])("%s", async (flags, ms) => {
    const { api, begin } = createCluster("nowhere");
    const started = begin(`start ${flags} a`);
    await until(() => api.clock.sleeping.includes(ms));
    api.clock.advance(ms);
    const { code, stderr } = await started.result;
    expect([code, stderr]).toEqual([
      1,
      "Error waiting for unit states, exit status: timed out waiting for unit a.service to report state launched\nHint: unit a.service: not placed on any machine\n",
    ]);
  });

  it.each(["--timeout=0", "--timeout=-1", "--timeout=x"])("%s is wrong usage", async (flag) => {
    expect((await createCluster("nowhere").run(`start ${flag} a`)).code).toBe(2);
  });

  it.each(["load", "stop", "unload", "destroy"])("is a flag of %s", async (command) => {
    const { run } = createCluster("nowhere");
    await run("submit a");
    expect((await run(`${command} --timeout=2 nosuch`)).code).toBe(1);
  });
});

describe("on a terminal", () => {
  it("a status line tells what is waited for, and goes away", async () => {
    const harness = createCluster("hangs");
    const { api, begin } = harness;
    const lines: string[] = [];
    harness.statusLines = lines;
    const started = begin("start --timeout=4 a b");
    await until(() => started.printed().stdout.split("launched").length === 3);
    expect(lines.every((line) => line === "")).toBe(true);
    api.clock.advance(300);
    await until(() => lines.at(-1) !== "");
    const why = "a.service: still starting (activating/start)";
    expect(lines.at(-1)).toBe(`Waiting 0 of 4 s for 2 of 2 units, ${why}`);
    await until(() => api.clock.sleeping.includes(1_000));
    api.clock.advance(1_000);
    await until(() => lines.at(-1) === `Waiting 1 of 4 s for 2 of 2 units, ${why}`);
    started.interrupt();
    expect(await started.result).toMatchObject({
      code: 130,
      stderr: "Stopped waiting. The units stay wanted launched; see fleetctl list-units\n",
    });
    expect(lines.at(-1)).toBe("");
  });

  it("an outage of the server is told while it lasts", async () => {
    const { harness, server } = createBreakableCluster();
    const { api } = harness;
    const lines: string[] = [];
    harness.statusLines = lines;
    const started = harness.begin("start a");
    await until(() => started.printed().stdout.includes("launched"));
    server.isAway = true;
    // The poll that is under way ends, and the next one finds nobody.
    api.clock.advance(60_000);
    await until(() => lines.at(-1)?.includes(": no answer from ") === true);
    expect(lines.at(-1)).toMatch(/^Waiting 60 s for a\.service: no answer from .+, trying again$/);
    server.isAway = false;
    for (let second = 0; second < 3; second += 1) {
      await until(() => api.clock.sleeping.length > 0);
      api.clock.advance(1_000);
    }
    await until(() => lines.at(-1)?.includes("still starting") === true);
    started.interrupt();
    expect((await started.result).code).toBe(130);
  });

  it("why the server cannot help is told while it lasts", async () => {
    const { harness } = createBreakableCluster();
    const lines: string[] = [];
    harness.statusLines = lines;
    const started = harness.begin("start a");
    await until(() => started.printed().stdout.includes("launched"));
    harness.api.cluster.readFailure = new RegistryDistrustError("it is empty");
    harness.api.clock.advance(60_000);
    await until(() => lines.at(-1)?.includes("trying again") === true);
    expect(lines.at(-1)).toBe(
      "Waiting 60 s for a.service: the registry is not believed: it is empty, trying again",
    );
    started.interrupt();
    expect((await started.result).code).toBe(130);
  });

  it("an outage that lasts is an error", async () => {
    const { harness, server } = createBreakableCluster();
    const started = harness.begin("start a");
    await until(() => started.printed().stdout.includes("launched"));
    server.isAway = true;
    let isDone = false;
    const result = started.result.finally(() => {
      isDone = true;
    });
    harness.api.clock.advance(60_000);
    await until(() => {
      harness.api.clock.advanceToNext(500);
      return isDone;
    });
    expect(await result).toMatchObject({ code: 1, stderr: expect.stringContaining("connection refused") });
  });

  it("nobody is told of waits that are short", async () => {
    const harness = createCliHarness();
    harness.files.set("a.service", unit);
    const lines: string[] = [];
    harness.statusLines = lines;
    expect((await harness.run("start a")).stderr).toBe("");
    expect(lines.every((line) => line === "")).toBe(true);
  });
});

describe("a unit whose machine is away", () => {
  it("is told plainly, with the id that lists show", async () => {
    const { api, autopilot, run } = createCluster("hangs");
    await run("start --no-block a");
    await until(() => api.cluster.seats.get(parseMachineId(machineIds[0]))?.size === 1);
    autopilot.stop();
    api.cluster.loseMachine(machineIds[0]);
    expect((await run("start a")).stderr).toBe(
      "Unit a.service is launched already: its machine 113f16a7... is away (off, cut off, or without fleetd)\n",
    );
  });
});
