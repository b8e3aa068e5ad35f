import { parseMachineId, parseUnitName } from "@fleet/core";
import { describe, expect, it } from "vitest";
import { type CliHarness, createCliHarness, machineIds } from "../testing/cli-harness.js";

const [first, second, third] = machineIds;
const text = "[Service]\nExecStart=/bin/true\n";

/** Units on the first machine, which nobody moves by himself. */
async function withUnits(...lines: readonly string[]): Promise<CliHarness> {
  const harness = createCliHarness();
  const { api, autopilot, run, files } = harness;
  for (const line of lines) {
    const [name = "", options = ""] = line.split(" ");
    files.set(`${name}.service`, `${text}\n[X-Fleet]\n${options}\n`);
    await run(`start --no-block ${name}`);
  }
  autopilot.stop();
  for (const line of lines) {
    const unit = `${line.split(" ")[0]}.service`;
    for (const id of machineIds)
      if (api.cluster.seats.get(parseMachineId(id))?.has(parseUnitName(unit))) api.cluster.unseat(id, unit);
    for (const id of machineIds) api.cluster.forgetState(id, unit);
    api.cluster.seat(first, unit, "launched");
    api.cluster.report(first, unit, { isStarted: true, activeState: "active", subState: "running" });
  }
  return harness;
}

/** Lets the leader move one unit of a drained machine whenever something has happened or time has passed. */
function letLeaderDrain({ api: { cluster, clock } }: CliHarness, to: string): void {
  const step = (): void => {
    for (const { id, policy } of cluster.machines.values()) {
      if (!policy.drained) continue;
      const seat = [...(cluster.seats.get(id)?.values() ?? [])].find(
        ({ unit }) => cluster.units.get(unit)?.requirements?.global === false,
      );
      if (seat === undefined) continue;
      const { target, unit } = seat;
      if (target === "absent") {
        cluster.unseat(id, unit);
        cluster.forgetState(id, unit);
      } else {
        cluster.seat(to, unit, "launched");
        cluster.report(to, unit, { isStarted: true, activeState: "active", subState: "running" });
        cluster.seat(id, unit, "absent");
      }
      return;
    }
  };
  const never = new AbortController().signal;
  const pass = async (): Promise<void> => {
    for (let round = 0; round < 100; round += 1) {
      await clock.sleep(400, never);
      step();
    }
  };
  void pass();
}

const policyOf = ({ api }: CliHarness, id: string) => api.cluster.machines.get(parseMachineId(id))?.policy;

describe("drain", () => {
  it("waits until all units have left, tells each, and what stays", async () => {
    const harness = await withUnits("a", "b", "mon Global=true");
    letLeaderDrain(harness, second);
    expect(await harness.run(["drain", "--note", "new kernel", "113f"])).toEqual({
      code: 0,
      stdout:
        "Unit a.service moved to 85c0c595.../127.0.0.2\n" +
        "Unit b.service moved to 85c0c595.../127.0.0.2\n" +
        "Drained machine 113f16a7.../127.0.0.1 (units that belong to it and stay: 1)\n",
      stderr: "",
    });
    expect(policyOf(harness, first)).toEqual({ cordoned: true, drained: true, note: "new kernel" });
    expect((await harness.run("list-machines --no-legend --fields ip,state,units")).stdout).toContain(
      "127.0.0.1\tdraining\t1\n",
    );
  });

  it("drains several machines one after another, and none of them gets the units of another", async () => {
    const harness = await withUnits("a");
    harness.api.cluster.seat(second, "a.service", "launched");
    harness.api.cluster.unseat(first, "a.service");
    letLeaderDrain(harness, third);
    const { code, stdout } = await harness.run(`drain --at-a-time 2 ${first} ${second}`);
    expect([code, stdout]).toEqual([
      0,
      "Drained machine 113f16a7.../127.0.0.1\nDrained machine 85c0c595.../127.0.0.2\n",
    ]);
    expect(policyOf(harness, second)).toEqual({ cordoned: true, drained: true, handOversMax: 2 });
  });

  it("gives up when nothing moves any more, and says why", async () => {
    const harness = await withUnits("a", "b");
    const { cluster } = harness.api;
    cluster.sayStatus({
      machines: [],
      refusals: [],
      drains: [
        {
          machine: parseMachineId(first),
          leaving: 0,
          waiting: 0,
          stuck: 2,
          staying: 0,
          problems: [{ unit: parseUnitName("a.service"), reason: "stays here; no machine" }],
        },
      ],
    });
    const { code, stderr, stdout } = await harness.run(`drain ${first} ${second}`);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toBe(
      "Draining 113f16a7.../127.0.0.1: 2 to go, 2 stuck (a.service: stays here; no machine)\n" +
        "Machine 113f16a7.../127.0.0.1 is not drained: nothing moves any more\n" +
        "Unit a.service: stays here; no machine\n" +
        "1 more units are stuck\n" +
        "Hint: The drain goes on; fleetctl uncordon 113f16a7 ends it.\n" +
        "Not drained, only cordoned: 85c0c595.../127.0.0.2\n",
    );
    expect(policyOf(harness, first)?.drained).toBe(true);
    expect(policyOf(harness, second)).toEqual({ cordoned: true, drained: false });
  });

  it("does not call a machine drained while a unit is there that cannot be read", async () => {
    const harness = await withUnits("a", "mon Global=true");
    const { cluster } = harness.api;
    const unit = parseUnitName("a.service");
    cluster.unreadableUnits.add(unit);
    const problems = [{ unit, reason: "its seat cannot be read" }];
    cluster.sayStatus({
      machines: [],
      refusals: [],
      drains: [{ machine: parseMachineId(first), leaving: 0, waiting: 0, stuck: 1, staying: 1, problems }],
    });
    // A seat that could never be read is not even there.
    for (const change of [() => {}, () => cluster.seats.get(parseMachineId(first))?.delete(unit)]) {
      change();
      const { code, stderr, stdout } = await harness.run("drain 113f");
      expect([code, stdout]).toEqual([1, ""]);
      expect(stderr).toContain(
        "is not drained: nothing moves any more\nUnit a.service: its seat cannot be read\n",
      );
    }
  });

  it("gives up when the time is up", async () => {
    const harness = await withUnits("a");
    const { code, stderr } = await harness.run("drain --timeout 2 113f");
    expect([code, stderr]).toEqual([
      1,
      "Machine 113f16a7.../127.0.0.1 is not drained: the time is up\n" +
        "Draining 113f16a7.../127.0.0.1: 1 to go, no leader has planned it yet\n" +
        "Hint: The drain goes on; fleetctl uncordon 113f16a7 ends it.\n",
    ]);
  });

  it("stops waiting when interrupted, and the drain goes on", async () => {
    const harness = await withUnits("a");
    const running = harness.begin("drain 113f");
    while (!harness.api.clock.sleeping.includes(500)) await new Promise((resolve) => setImmediate(resolve));
    running.interrupt();
    expect(await running.result).toEqual({
      code: 130,
      stdout: "",
      stderr:
        "Stopped waiting. Machine 113f16a7.../127.0.0.1 is still being drained; see fleetctl list-machines -o wide.\n" +
        "Hint: fleetctl uncordon 113f16a7 ends the drain.\n",
    });
    expect(policyOf(harness, first)?.drained).toBe(true);
  });

  it("says which machines it has only cordoned when interrupted", async () => {
    const harness = await withUnits("a");
    const running = harness.begin(`drain ${first} ${second}`);
    while (!harness.api.clock.sleeping.includes(500)) await new Promise((resolve) => setImmediate(resolve));
    running.interrupt();
    expect((await running.result).stderr).toBe(
      "Stopped waiting. Machine 113f16a7.../127.0.0.1 is still being drained; see fleetctl list-machines -o wide.\n" +
        "Not drained, only cordoned: 85c0c595.../127.0.0.2\n" +
        "Hint: fleetctl uncordon 113f16a7 ends the drain.\n",
    );
  });

  it("says what it leaves behind when the server refuses", async () => {
    let isRefused = false;
    const harness = createCliHarness((transport) => ({
      ...transport,
      request: async (request, signal) => {
        // The drain itself, after both machines were cordoned.
        isRefused ||= JSON.stringify(request).includes("handOversMax");
        if (!isRefused) return await transport.request(request, signal);
        return { status: 400, headers: {}, body: '{"error":{"code":400,"message":"not now"}}' };
      },
    }));
    const { code, stderr } = await harness.run(`drain ${first} ${second}`);
    expect(code).toBe(1);
    expect(stderr).toBe(
      "Machine 113f16a7.../127.0.0.1 may be being drained by now; see fleetctl list-machines -o wide.\n" +
        "Not drained, only cordoned: 85c0c595.../127.0.0.2\n" +
        "Hint: fleetctl uncordon 113f16a7 ends the drain.\n" +
        "Error draining machines: googleapi: Error 400: not now\n",
    );
  });

  it("says which machines are still being drained together when interrupted", async () => {
    const harness = await withUnits("a");
    const running = harness.begin(`drain --together ${first} ${second}`);
    while (!harness.api.clock.sleeping.includes(500)) await new Promise((resolve) => setImmediate(resolve));
    running.interrupt();
    expect((await running.result).stderr).toBe(
      "Stopped waiting. Machine 113f16a7.../127.0.0.1 is still being drained.\n" +
        "Machine 85c0c595.../127.0.0.2 is still being drained; see fleetctl list-machines -o wide.\n" +
        "Hint: fleetctl uncordon 113f16a7 85c0c595 ends the drain.\n",
    );
  });

  it("notices that somebody else has ended it", async () => {
    const harness = await withUnits("a");
    const running = harness.begin("drain 113f");
    while (!harness.api.clock.sleeping.includes(500)) await new Promise((resolve) => setImmediate(resolve));
    await harness.run("uncordon 113f");
    harness.api.clock.advance(500);
    const { code, stderr } = await running.result;
    expect([code, stderr]).toEqual([
      1,
      "Machine 113f16a7.../127.0.0.1 is not being drained any more: somebody else has ended it\n",
    ]);
  });

  it("need not wait", async () => {
    const harness = await withUnits("a");
    expect(await harness.run(`drain --no-block ${first} ${second}`)).toEqual({
      code: 0,
      stdout:
        "Triggered drain of machine 113f16a7.../127.0.0.1\nTriggered drain of machine 85c0c595.../127.0.0.2\n",
      stderr: "",
    });
    expect([policyOf(harness, first)?.drained, policyOf(harness, second)?.drained]).toEqual([true, true]);
  });

  it("shows a line that changes on a terminal", async () => {
    const harness = await withUnits("a");
    harness.statusLines = [];
    letLeaderDrain(harness, second);
    await harness.run("drain 113f");
    expect(harness.statusLines[0]).toMatch(/^Draining 113f16a7...\/127.0.0.1: 1 to go/);
    expect(harness.statusLines.at(-1)).toBe("");
  });

  it("only says what would happen with --dry-run", async () => {
    const harness = await withUnits("a");
    const { revision } = harness.api.cluster;
    const { code, stdout, stderr } = await harness.run("drain --dry-run 113f");
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("1 unit would move; everything fits.");
    expect(stdout).toMatch(/a.service\t+113f16a7...\/127.0.0.1/);
    expect(harness.api.cluster.revision).toBe(revision);
  });

  it.each(["drain", "drain --at-a-time=-1 113f"])("%s is a usage error", async (line) => {
    expect((await createCliHarness().run(line)).code).toBe(2);
  });
});
