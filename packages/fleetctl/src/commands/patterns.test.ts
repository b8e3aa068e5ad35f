import type { MachineId } from "@fleet/core";
import { describe, expect, it } from "vitest";
import { until } from "../../../api/src/testing/manual-clock.js";
import { createCliHarness, machineIds, withoutV2 } from "../testing/cli-harness.js";

const unit = (description: string) =>
  `[Unit]\nDescription=${description}\n\n[Service]\nExecStart=/bin/true\n`;
const ok = (stdout = "", stderr = "") => ({ code: 0, stdout, stderr });

async function createCluster(wrap?: typeof withoutV2) {
  const harness = createCliHarness(wrap);
  harness.files.set("web@.service", unit("t"));
  harness.files.set("glob.service", `${unit("g")}[X-Fleet]\nGlobal=true\n`);
  harness.files.set("units/db.service", unit("d"));
  await harness.run("submit web@ web@{1..3} glob units/{db,db}");
  const wanted = () =>
    [...harness.api.cluster.units.values()].map(({ name, desiredState }) => `${name} ${desiredState}`).sort();
  return { ...harness, wanted };
}

describe.each([
  ["v2", undefined],
  ["v1", withoutV2],
])("names for many units, on a server with %s", (_, wrap) => {
  it("create what braces write out, before anything is looked up", async () => {
    const { wanted } = await createCluster(wrap);
    expect(wanted()).toEqual([
      "db.service inactive",
      "glob.service inactive",
      "web@.service inactive",
      "web@1.service inactive",
      "web@2.service inactive",
      "web@3.service inactive",
    ]);
  });

  it("start, stop and destroy what patterns match, and no template by accident", async () => {
    const { run, wanted } = await createCluster(wrap);
    expect((await run("start web*")).code).toBe(0);
    expect(wanted()).toContain("web@.service inactive");
    expect(wanted().filter((line) => line.endsWith(" launched"))).toHaveLength(3);
    expect((await run("stop web@[12]")).stderr).toBe(
      "Successfully stopped units [web@1.service web@2.service].\n",
    );
    expect((await run("unload web@{1,2}")).stderr).toBe(
      "Successfully unloaded units [web@1.service web@2.service].\n",
    );
    expect(await run("destroy --no-block web@*")).toEqual(
      ok("Destroyed web@1.service\nDestroyed web@2.service\nDestroyed web@3.service\n"),
    );
    expect(wanted()).toEqual(["db.service inactive", "glob.service inactive", "web@.service inactive"]);
  });

  it("stop only what is to be stopped, and let alone what was not named", async () => {
    const { run, wanted } = await createCluster(wrap);
    await run("start web@1");
    expect(await run("stop *")).toMatchObject({
      code: 0,
      stderr: "Successfully stopped units [web@1.service].\n",
    });
    expect(wanted()).toContain("glob.service inactive");
    expect(await run("stop web@* web@2")).toMatchObject({
      code: 1,
      stderr: "Unable to stop unit web@2.service in state inactive\n",
    });
  });

  it("restart what runs", async () => {
    const { run } = await createCluster(wrap);
    await run("start web@2");
    expect(await run("restart web@*")).toMatchObject({
      code: 0,
      stderr: "Unit(web@2.service) was restarted.\n",
    });
    expect(await run("restart web@1")).toMatchObject({ code: 1 });
  });

  it("reach global units with every verb", async () => {
    const { run } = await createCluster(wrap);
    expect(await run("load gl*")).toEqual(ok("Triggered global unit glob.service load\n"));
    expect(await run("start gl?b")).toEqual(ok("Triggered global unit glob.service start\n"));
    expect((await run("cat {glob,}")).stdout).toContain("Global=true");
    expect(await run("stop g*")).toEqual(ok("Triggered global unit glob.service stop\n"));
    expect(await run("unload g*")).toEqual(ok("Triggered global unit glob.service unload\n"));
    expect(await run("destroy g*")).toEqual(ok("Destroyed glob.service\n"));
  });
});

describe("a pattern", () => {
  it.each(["start", "load", "stop", "unload", "destroy", "cat", "submit --replace"])(
    "that nothing matches fails: %s",
    async (command) => {
      const { run } = await createCluster();
      expect(await run(`${command} nosuch@*`)).toEqual({
        code: 1,
        stdout: "",
        stderr:
          'No unit matches "nosuch@*"\nHint: the cluster has 6 units; fleetctl list-unit-files shows their names\n',
      });
    },
  );

  it("changes nothing if another word is wrong", async () => {
    const { run, wanted } = await createCluster();
    const before = wanted();
    expect((await run("destroy web@1 nosuch*")).code).toBe(1);
    expect(wanted()).toEqual(before);
  });

  it("is not for submit, whose words are names of files", async () => {
    const { run } = await createCluster();
    expect(await run("submit web@*")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Cannot submit "web@*": no such file\nHint: the shell'),
    });
  });

  it("finds the files to replace what it matches", async () => {
    const { files, run } = await createCluster();
    files.set("units/db.service", unit("new"));
    expect(await run("submit --replace units/d*")).toEqual(ok("Unit db.service inactive\n"));
    expect((await run("cat db")).stdout).toContain("Description=new");
  });

  it("may match templates alone, which cannot run", async () => {
    const { run } = await createCluster();
    await run("destroy web@*");
    expect(await run("start w*")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("Only templates match w*, which cannot run\nHint: name instances"),
    });
  });

  it("is refused if it is malformed, before the cluster is asked", async () => {
    const { api, run } = await createCluster();
    api.availability = { available: false };
    expect(await run("stop web@[1")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('malformed pattern "web@[1"'),
    });
    expect(await run("stop web@{1..99999}")).toMatchObject({ code: 2 });
    expect(await run("stop web@*")).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^Error retrieving units: googleapi: Error 503/),
    });
  });

  it("prints several units under their names", async () => {
    const { run } = await createCluster();
    const { stdout } = await run("cat web@[12]");
    expect(stdout).toBe(`# web@1.service\n${unit("t")}\n# web@2.service\n${unit("t")}`);
  });
});

describe("unit@@machine", () => {
  it.each(["submit", "submit --replace", "start --replace", "load --replace"])(
    "is not for %s",
    async (line) => {
      const { run, wanted } = await createCluster();
      const before = wanted();
      const [command] = line.split(" ");
      expect(await run(`${line} glob@@113f`)).toEqual({
        code: 2,
        stdout: "",
        stderr: `Error: ${command} concerns a unit wherever it is, not on one machine: "glob@@113f"\nLeave "@@113f" out.\n`,
      });
      expect(wanted()).toEqual(before);
    },
  );

  it("is for cat, if the unit is there", async () => {
    const { api, run } = await createCluster();
    await run("start glob");
    await until(() => api.cluster.states.get(machineIds[0] as MachineId)?.size === 1);
    expect((await run("cat glob@@113f")).stdout).toContain("Global=true");
    expect(await run("cat glob.service@@beef")).toEqual({
      code: 1,
      stdout: "",
      stderr: "Unit glob.service is on no machine whose id begins with beef\n",
    });
  });
});
