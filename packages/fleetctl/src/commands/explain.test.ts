import { parseMachineId, parseUnitName } from "@fleet/core";
import { describe, expect, it } from "vitest";
import { createCliHarness, machineIds, withoutV2 } from "../testing/cli-harness.js";

const text = "[Service]\nExecStart=/bin/true\n";

function createLedCluster() {
  const harness = createCliHarness();
  const versioned = { createRevision: 1, modRevision: 1 };
  harness.api.cluster.leader = { machine: parseMachineId(machineIds[0]), instance: "leader", ...versioned };
  harness.files.set("a.service", text);
  return harness;
}

/** A unit that demands what one machine has, where another unit keeps it away. */
async function createRefused() {
  const harness = createLedCluster();
  const { api, autopilot, files, run } = harness;
  autopilot.stop();
  files.set("db.service", text);
  files.set("b.service", `${text}[X-Fleet]\nMachineMetadata=az=us-west-1b\nConflicts=d*\n`);
  await run("start --no-block db");
  api.cluster.seat(machineIds[0], "db.service", "launched");
  await run("start --no-block b");
  return harness;
}

describe("explain", () => {
  it("says where a unit is, since when and why", async () => {
    const { api, run } = createLedCluster();
    await run("start a");
    api.cluster.report(machineIds[0], "a.service", {
      activeState: "active",
      subState: "running",
      sinceMs: 1_790_000_000_000,
      isStarted: true,
    });
    expect(await run("explain a")).toEqual({
      code: 0,
      stdout: `a.service runs on 113f16a7...

Places:
  113f16a7.../127.0.0.1: has its seat here since revision 7
      why: fewest units
      the machine says: active (running) since 2026-09-21T14:13:20.000Z

As of revision 9.
`,
      stderr: "",
    });
  });

  it("says for each machine what speaks against it", async () => {
    const { run } = await createRefused();
    expect((await run("explain b")).stdout).toContain(`b.service has no place on any of 3 machines.

Why not elsewhere:
  2 lack az=us-west-1b: 85c0c595... 85c0e793...
      wants az=us-west-1b; found az=us-west-1a on 1; no az on 1
  1 conflicts with db.service (pattern d*): 113f16a7...
`);
  });

  it("prints a document for programs", async () => {
    const { run } = await createRefused();
    const { code, stdout } = await run("explain --json b.service");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      schema: "fleetctl.explain/1",
      unit: "b.service",
      standing: "waiting",
      desiredState: "launched",
      places: [],
      objections: [
        { check: "machine-metadata", machines: 2, wanted: "az=us-west-1b", pattern: null },
        { check: "conflicts", machines: 1, others: ["db.service"], pattern: "d*", declaredBy: null },
      ],
    });
    expect((await run("explain --output=yaml b")).stdout).toContain("schema: fleetctl.explain/1\n");
  });

  it("says that there is no such unit, and which may be meant", async () => {
    const { run } = createLedCluster();
    await run("submit a");
    expect(await run("explain a.timer")).toEqual({
      code: 1,
      stdout: "",
      stderr: "Unit a.timer does not exist.\nHint: did you mean a.service?\n",
    });
  });

  it("needs a server that can explain", async () => {
    const { run } = createCliHarness(withoutV2);
    const { code, stderr } = await run("explain a");
    expect(code).toBe(1);
    expect(stderr).toContain("cannot explain; it is older than this fleetctl");
  });

  it.each(["explain", "explain a b", "explain -o xml a", "explain a@@113f"])(
    "%s is a usage error",
    async (line) => {
      const { run } = createLedCluster();
      expect((await run(line)).code).toBe(2);
    },
  );
});

describe("list-unit-files", () => {
  it("says why a unit is nowhere to who wants to know", async () => {
    const { api, run } = await createRefused();
    const reason = `no machine: 2 lack az=us-west-1b, 1 conflicts with db.service on ${machineIds[0]}`;
    api.cluster.sayStatus({ machines: [], refusals: [{ unit: parseUnitName("b.service"), reason }] });
    expect((await run("list-unit-files --fields=unit,reason --no-legend")).stdout).toBe(
      "b.service\tno machine: 2 lack az=us-west-1b, 1 conflicts with db.service on 113f16a7...\ndb.service\t-\n",
    );
    const { items } = JSON.parse((await run("list-unit-files -o json")).stdout);
    expect(items).toMatchObject([{ reason }, { reason: null }]);
    expect((await run("list-unit-files")).stdout).not.toContain("REASON");
  });
});
