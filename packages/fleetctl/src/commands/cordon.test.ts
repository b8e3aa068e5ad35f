import { describe, expect, it } from "vitest";
import { createCliHarness, machineIds, withoutV2 } from "../testing/cli-harness.js";

const [first, second] = machineIds;

describe("cordon and uncordon", () => {
  it("take a machine by its id, the beginning of it, or its address, and say what was so before", async () => {
    const { api, run } = createCliHarness();
    const policy = (id: string) =>
      [...api.cluster.machines.values()].find((machine) => machine.id === id)?.policy;
    expect(await run(["cordon", "--note", "disk fails", "113f", "127.0.0.2"])).toEqual({
      code: 0,
      stdout: "Cordoned machine 113f16a7.../127.0.0.1\nCordoned machine 85c0c595.../127.0.0.2\n",
      stderr: "",
    });
    expect(policy(first)).toEqual({ cordoned: true, drained: false, note: "disk fails" });
    expect((await run(`cordon ${second}`)).stdout).toBe(
      "Machine 85c0c595.../127.0.0.2 is cordoned already\n",
    );
    expect((await run(["cordon", second, "--note", "fan"])).stdout).toBe(
      "Machine 85c0c595.../127.0.0.2 is cordoned already; changed its note\n",
    );
    expect((await run(`uncordon ${first} ${first}`)).stdout).toBe(
      "Uncordoned machine 113f16a7.../127.0.0.1\n",
    );
    expect(policy(first)).toEqual({ cordoned: false, drained: false });
    expect((await run(`uncordon ${first}`)).stdout).toBe(
      "Machine 113f16a7.../127.0.0.1 is not cordoned already\n",
    );
  });

  it("find machines that are away, too", async () => {
    const { api, run } = createCliHarness();
    api.cluster.loseMachine(second);
    expect(await run("cordon 85c0c")).toMatchObject({ code: 0, stdout: "Cordoned machine 85c0c595...\n" });
  });

  it.each([
    ["cordon nobody", 1, "Error finding machines: Unable to proceed: machine nobody does not exist\n"],
    ["cordon 85c0", 1, "Error finding machines: Unable to proceed: 85c0 means more than one machine\n"],
    ["cordon", 2, "No machine given\n"],
    ["uncordon", 2, "No machine given\n"],
  ])("%s changes nothing", async (line, code, message) => {
    const { api, run } = createCliHarness();
    const before = api.cluster.revision;
    const result = await run(line);
    expect([result.code, result.stdout, result.stderr.startsWith(message)]).toEqual([code, "", true]);
    expect(api.cluster.revision).toBe(before);
  });

  it("cannot be said to a server of the original's time", async () => {
    expect(await createCliHarness(withoutV2).run("cordon 113f")).toMatchObject({
      code: 1,
      stderr: "Error finding machines: the server does not know of cordoned and drained machines\n",
    });
  });
});

describe("list-machines", () => {
  it("tells on stderr who is not simply up, and keeps the original's columns", async () => {
    const { run } = createCliHarness();
    const before = await run("list-machines");
    await run(["cordon", "113f", "--note", "disk fails"]);
    expect(await run("list-machines")).toEqual({
      ...before,
      stderr: "Machine 113f16a7.../127.0.0.1 is cordoned: disk fails\n",
    });
    expect(await run("list-machines --output name")).toMatchObject({ stderr: "" });
    expect(await run("list-machines --no-legend --fields ip,state,note")).toMatchObject({
      stdout: "127.0.0.1\tcordoned\tdisk fails\n127.0.0.2\tup\t\t-\n127.0.0.3\tup\t\t-\n",
      stderr: "",
    });
    const { items } = JSON.parse((await run("list-machines -o json --filter state=cordoned")).stdout);
    expect(items).toMatchObject([{ id: first, state: "cordoned", note: "disk fails", units: 0 }]);
  });

  it("tells of lost machines whose units are held back, and lists them with --all", async () => {
    const { api, run } = createCliHarness();
    api.cluster.loseMachine(second);
    const [, machine] = [...api.cluster.machines.keys()];
    if (machine === undefined) throw new Error("no machine");
    api.cluster.sayStatus({
      machines: [{ machine, held: "lost together with most machines" }],
      refusals: [],
    });
    expect(await run("list-machines --no-legend --fields machine")).toEqual({
      code: 0,
      stdout: "113f16a7...\n85c0e793...\n",
      stderr: "Machine 85c0c595... is away,held: lost together with most machines\n",
    });
    expect((await run("list-machines --no-legend -o wide")).stderr).toBe(
      "Machine 85c0c595... is away,held: lost together with most machines\n",
    );
    expect((await run("list-machines --all --no-legend -o wide")).stderr).toBe("");
    expect((await run("list-machines --all --no-legend --fields machine,state")).stdout).toBe(
      "113f16a7...\tup\n85c0c595...\taway,held\n85c0e793...\tup\n",
    );
  });

  it("tells of a machine whose double was refused", async () => {
    const { api, run } = createCliHarness();
    const before = await run("list-machines");
    for (const machine of [...api.cluster.machines.values()].slice(0, 1)) {
      const duplicate = { primaryIp: "127.0.0.9", apiAddresses: ["http://127.0.0.9:80"], refusedAtMs: 1 };
      api.cluster.machines.set(machine.id, { ...machine, duplicate });
    }
    expect(await run("list-machines")).toEqual({
      ...before,
      stderr:
        "Machine 113f16a7.../127.0.0.1 is up: another machine with the same id was refused: 127.0.0.9 (http://127.0.0.9:80)\n",
    });
  });

  it("tells what else is not as usual in the cluster", async () => {
    const { api, run } = createCliHarness();
    const records = ["a", "b", "c", "d"].map((key) => ({ key, problem: "is not JSON" }));
    api.cluster.sayStatus({ machines: [], refusals: [], paced: 1, quarantine: { count: 30, records } });
    expect((await run("list-machines")).stderr).toBe(
      "1 unit waits so that no machine gets too many at once\n" +
        "30 records in etcd cannot be read and are left as they are: a (is not JSON), b (is not JSON), c (is not JSON), and 27 more\n",
    );
    expect((await run("list-machines -o name")).stderr).toBe("");
  });

  it("does without from a server of the original's time", async () => {
    const { stdout, stderr } = await createCliHarness(withoutV2).run(
      "list-machines --no-legend --fields ip,state",
    );
    expect([stdout, stderr]).toEqual(["127.0.0.1\t-\n127.0.0.2\t-\n127.0.0.3\t-\n", ""]);
  });
});
