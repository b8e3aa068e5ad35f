import { parseMachineId } from "@fleet/core";
import { describe, expect, it } from "vitest";
import { createCliHarness, machineIds, withoutV2 } from "../testing/cli-harness.js";

const text = "[Service]\nExecStart=/bin/true\n";

async function createCluster() {
  const harness = createCliHarness();
  const { api, autopilot, files, run } = harness;
  const versioned = { createRevision: 1, modRevision: 1 };
  api.cluster.leader = { machine: parseMachineId(machineIds[0]), instance: "leader", ...versioned };
  autopilot.stop();
  files.set("a.service", text);
  files.set("az.service", `${text}[X-Fleet]\nMachineMetadata=az=us-west-1b\n`);
  await run("start --no-block a az");
  for (const name of ["a.service", "az.service"]) {
    api.cluster.seat(machineIds[0], name, "launched");
    api.cluster.report(machineIds[0], name, { activeState: "active", subState: "running", isStarted: true });
  }
  return harness;
}

describe("plan", () => {
  it("says where the units of a machine would go, and which would have no place", async () => {
    const { run } = await createCluster();
    const { code, stdout, stderr } = await run("plan lose 113f");
    expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
    expect(stdout).toBe(`1 unit would move; 1 unit would have no place.

UNIT\t\tFROM\t\t\tTO\t\t\tWHY
a.service\t113f16a7.../127.0.0.1\t85c0c595.../127.0.0.2\tmachine 113f16a7... is away

No place for:
  az.service: stays on 113f16a7... (machine 113f16a7... is away); no machine: 2 lack az=us-west-1b, 1 is away

MACHINE\t\t\tSEATS\tTHEN
113f16a7.../127.0.0.1\t2\t-
85c0c595.../127.0.0.2\t0\t1
85c0e793.../127.0.0.3\t0\t0

Nothing was changed. As of revision ${revisionIn(stdout)}.
`);
  });

  it.each([
    ["plan drain 113f", 1, "az.service: stays on"],
    ["plan lose --metadata=role=web", 1, "1 unit would have no place"],
    ["plan start db", 0, "everything fits"],
    ["plan start w@1 w@2", 0, "2 units would move"],
    ["plan start moon", 1, "moon.service: no machine: 3 lack az=moon"],
    ["plan start a", 0, "Nothing would move"],
    ["plan stop a", 0, "Nothing would move"],
    ["plan unload a", 0, "nobody wants it anywhere"],
    ["plan destroy a*", 0, "2 units would move"],
    ["plan cordon 113f", 0, "Nothing would move"],
    ["plan add 2 --metadata=az=moon --capacity=cpu=4,memory=8G", 0, "new-2"],
    ["plan survive", 1, "113f16a7.../127.0.0.1: 1 unit: az.service"],
    ["plan survive -k 2", 1, "leaves no unit without a place beyond"],
  ])("%s: %i", async (line, code, part) => {
    const { files, run } = await createCluster();
    files.set("db.service", text);
    files.set("w@.service", text);
    files.set("moon.service", `${text}[X-Fleet]\nMachineMetadata=az=moon\n`);
    const before = JSON.stringify(await run("list-unit-files"));
    const result = await run(line);
    expect(result.stderr).toBe("");
    expect(result.stdout).toContain(part);
    expect(result.code).toBe(code);
    expect(JSON.stringify(await run("list-unit-files"))).toBe(before);
  });

  it("warns as start does of a file that differs, and foresees its content with --replace", async () => {
    const { files, run } = await createCluster();
    files.set("a.service", `${text}[X-Fleet]\nMachineMetadata=az=moon\n`);
    const kept = await run("plan start a");
    expect(kept).toMatchObject({ code: 0, stdout: expect.stringContaining("everything fits") });
    expect(kept.stderr).toBe(
      "WARNING: Unit a.service in registry differs from local unit file a.service. Add --replace to override.\n",
    );
    const replaced = await run("plan start --replace a");
    expect(replaced).toMatchObject({ code: 1, stderr: "" });
    expect(replaced.stdout).toContain("3 lack az=moon");
    expect((await run("cat a")).stdout).toBe(text);
    expect(await run("plan load --replace a")).toMatchObject({
      code: 0,
      stderr: "Warning: can not replace Unit(a.service) in state 'launched', use the appropriate command\n",
    });
  });

  it("prints documents for programs", async () => {
    const { run } = await createCluster();
    const forecast = JSON.parse((await run("plan lose 113f -o json")).stdout);
    expect(forecast).toMatchObject({
      schema: "fleetctl.plan/1",
      fits: false,
      moves: [{ unit: "a.service", from: [{ id: machineIds[0] }], to: [{ id: machineIds[1] }] }],
      refusals: [{ unit: "az.service", isNew: true }],
      machines: [{ fate: "lost", before: 2 }, { after: 1 }, { after: 0 }],
    });
    const survival = JSON.parse((await run("plan survive -o json")).stdout);
    expect(survival).toMatchObject({
      schema: "fleetctl.survive/1",
      items: [{ losses: 1, total: 3, checked: 3, fatal: [{ units: ["az.service"] }] }],
    });
  });

  it.each([
    ["plan start nothing", "unable to find Unit(nothing.service) in Registry or on filesystem"],
    ["plan unload nothing", "unit nothing.service does not exist"],
    ["plan lose feed", "machine feed does not exist"],
    ["plan lose --metadata=rack=a", "no machine that is present has rack=a"],
  ])("%s cannot be found out", async (line, part) => {
    const { run } = await createCluster();
    const { code, stderr } = await run(line);
    expect(code).toBe(3);
    expect(stderr).toContain(part);
  });

  it("needs a server that can tell", async () => {
    const { run } = createCliHarness(withoutV2);
    expect(await run("plan survive")).toMatchObject({ code: 3, stdout: "" });
  });

  it.each([
    "plan",
    "plan burn 113f",
    "plan start",
    "plan drain",
    "plan lose",
    "plan lose 113f --metadata=a=b",
    "plan lose --metadata=a",
    "plan drain 113f --metadata=a=b",
    "plan add",
    "plan add 0",
    "plan add 1 --capacity=cpu",
    "plan survive -k 3",
    "plan survive 113f",
    "plan drain --replace 113f",
    "plan survive --metadata=rack=a",
    "plan survive --capacity=cpu=4",
    "plan drain -k 2 113f",
    "plan drain -k 1 113f",
    "plan lose --timeout 5 113f",
    "plan start --capacity=cpu=4 a",
    "plan survive --replace",
    "plan drain 113f -o xml",
  ])("%s is a usage error", async (line) => {
    const { run } = await createCluster();
    expect((await run(line)).code).toBe(2);
  });
});

function revisionIn(page: string): string {
  return /revision (\d+)/.exec(page)?.[1] ?? "";
}
