import type { MachineId } from "@fleet/core";
import { beforeAll, describe, expect, it } from "vitest";
import { until } from "../../../api/src/testing/manual-clock.js";
import { type CliHarness, createCliHarness, machineIds } from "../testing/cli-harness.js";

const [m1, m2, m3] = machineIds;
const unit = (description: string) =>
  `[Unit]\nDescription=${description}\n\n[Service]\nExecStart=/bin/true\n`;

/** web@1 on the first machine, web@2 on the second, failing on the third, glob on all, and db on none. */
async function createCluster(): Promise<CliHarness> {
  const harness = createCliHarness();
  const { api, autopilot, files, run } = harness;
  files.set("web@.service", unit("Web"));
  files.set("glob.service", `${unit("Everywhere")}[X-Fleet]\nGlobal=true\n`);
  files.set("db.service", "[Service]\nExecStart=/bin/true\n");
  files.set("failing.service", unit("f"));
  autopilot.behaviours.set("failing.service", "fails");
  await run("start web@1");
  await run("start web@2");
  await run("start failing");
  await run("submit db web@");
  await run("start glob");
  await until(() => machineIds.every((id) => api.cluster.states.get(id as MachineId)?.size === 2));
  return harness;
}

let cluster: CliHarness;
beforeAll(async () => {
  cluster = await createCluster();
});

const print = async (line: string): Promise<string> => {
  const { code, stdout, stderr } = await cluster.run(line);
  expect([code, stderr]).toEqual([0, ""]);
  return stdout;
};
const items = async (line: string) => JSON.parse(await print(line)).items as Record<string, unknown>[];

describe("--output", () => {
  it("json has each field of list-units", async () => {
    const document = JSON.parse(await print("list-units --output json"));
    expect(document.schema).toBe("fleetctl.list-units/1");
    expect(document.items).toHaveLength(6);
    expect(document.items[0]).toEqual({
      unit: "failing.service",
      machine: { id: m3, ip: "127.0.0.3" },
      load: "loaded",
      active: "failed",
      sub: "failed",
      hash: expect.stringMatching(/^[0-9a-f]{40}$/),
    });
  });

  it("json has each field of status, and its exit status is systemctl's", async () => {
    const { code, stderr, stdout } = await cluster.run("status -o json web@1 failing db nosuch");
    expect([code, stderr]).toEqual([3, expect.stringMatching(/^Unit nosuch.service does not exist.\n/)]);
    const document = JSON.parse(stdout);
    expect(document.schema).toBe("fleetctl.status/1");
    const shared = { global: false, hash: expect.stringMatching(/^[0-9a-f]{40}$/) };
    const state = { load: "loaded", desiredState: "launched", sinceMs: null, drift: null, ...shared };
    const systemd = { load: null, active: null, sub: null, jobResult: null, sinceMs: null, drift: null };
    const nothing = { machine: null, ...systemd };
    expect(document.items).toEqual([
      {
        ...state,
        unit: "web@1.service",
        machine: { id: m1, ip: "127.0.0.1" },
        active: "active",
        sub: "running",
        jobResult: "done",
        reason: null,
      },
      {
        ...state,
        unit: "failing.service",
        machine: { id: m3, ip: "127.0.0.3" },
        active: "failed",
        sub: "failed",
        jobResult: "failed",
        reason: null,
      },
      {
        unit: "db.service",
        desiredState: "inactive",
        ...shared,
        ...nothing,
        reason: "not placed on any machine",
      },
    ]);
  });

  it.each([
    ["status -o name glob web@1", 0, /^glob.service\nweb@1.service\n$/],
    ["status -o yaml web@1", 0, /^schema: fleetctl.status\/1\nitems:\n- unit: web@1.service\n/],
    ["status --output=wide glob@@113f", 0, /^UNIT\s+MACHINE\s+DSTATE.*\nglob.service\s+113f16a7a2\S+\/127/],
    ["status -o json failing", 3, /"failed"/],
    ["status -o json db", 1, /"not placed on any machine"/],
    ["status -o json nosuch", 1, /"items": \[\]/],
  ])("%s asks no machine", async (line, code, stdout) => {
    const runs = cluster.programs.runs.length;
    expect(await cluster.run(line)).toMatchObject({ code, stdout: expect.stringMatching(stdout) });
    expect(cluster.programs.runs).toHaveLength(runs);
  });

  it("status knows its formats", async () => {
    expect(await cluster.run("status -o jsn web@1")).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/"jsn" for --output\n\nDid you mean this\?\n\t--output=json\n/),
    });
  });

  it("json has each field of list-unit-files", async () => {
    const document = JSON.parse(await print("list-unit-files -o json"));
    expect(document.schema).toBe("fleetctl.list-unit-files/1");
    const hash = expect.stringMatching(/^[0-9a-f]{40}$/);
    const none = { machine: null, currentState: null, reason: null };
    const idle = { ...none, desiredState: "inactive", currentState: "inactive", global: false };
    expect(document.items).toEqual([
      { ...idle, unit: "db.service", hash, description: null },
      expect.objectContaining({ unit: "failing.service" }),
      {
        ...none,
        unit: "glob.service",
        hash,
        description: "Everywhere",
        global: true,
        desiredState: "launched",
      },
      { ...idle, unit: "web@.service", hash, description: "Web" },
      {
        unit: "web@1.service",
        hash,
        description: "Web",
        global: false,
        desiredState: "launched",
        currentState: "launched",
        machine: { id: m1, ip: "127.0.0.1" },
        reason: null,
      },
      expect.objectContaining({ unit: "web@2.service" }),
    ]);
  });

  it("json has each field of list-machines", async () => {
    const isUp = { state: "up", units: 2, note: null };
    expect(JSON.parse(await print("list-machines --output=json"))).toEqual({
      schema: "fleetctl.list-machines/1",
      items: [
        { id: m1, ip: "127.0.0.1", metadata: { az: "us-west-1b", role: "web" }, ...isUp },
        { id: m2, ip: "127.0.0.2", metadata: { az: "us-west-1a" }, ...isUp },
        { id: m3, ip: "127.0.0.3", metadata: {}, ...isUp },
      ],
    });
  });

  it("yaml says the same as json", async () => {
    const isUp = ["  state: up", "  units: 2", "  note: null"];
    expect(await print("list-machines --output=yaml")).toBe(
      [
        "schema: fleetctl.list-machines/1",
        "items:",
        `- id: "${m1}"`,
        '  ip: "127.0.0.1"',
        "  metadata:",
        "    az: us-west-1b",
        "    role: web",
        ...isUp,
        `- id: "${m2}"`,
        '  ip: "127.0.0.2"',
        "  metadata:",
        "    az: us-west-1a",
        ...isUp,
        `- id: "${m3}"`,
        '  ip: "127.0.0.3"',
        "  metadata: {}",
        ...isUp,
        "",
      ].join("\n"),
    );
  });

  it("of nothing is an empty list", async () => {
    const { run } = createCliHarness();
    expect(JSON.parse((await run("list-units --output=json")).stdout).items).toEqual([]);
    expect((await run("list-units --output=yaml")).stdout).toBe("schema: fleetctl.list-units/1\nitems: []\n");
    expect((await run("list-units --output=name")).stdout).toBe("");
  });

  it("name is what other commands take, each once", async () => {
    expect(await print("list-units --output=name")).toBe(
      "failing.service\nglob.service\nweb@1.service\nweb@2.service\n",
    );
    expect(await print("list-machines --output=name")).toBe(machineIds.map((id) => `${id}\n`).join(""));
  });

  it("wide has more columns, in full", async () => {
    const [header = "", first = ""] = (await print("list-units --output=wide")).split("\n");
    expect(header.split(/\t+/)).toEqual(["UNIT", "MACHINE", "LOAD", "ACTIVE", "SUB", "HASH"]);
    expect(first).toContain(`${m3}/127.0.0.3`);
    expect(await print("list-units --output=wide --no-legend --fields=unit")).toMatch(/^failing.service\n/);
    expect((await print("list-unit-files --output=wide")).split("\n")[0]).toMatch(
      /^UNIT\t.*\tDESC\t+REASON$/,
    );
    expect(await print("list-machines --output=wide")).toContain(m1);
    expect(await print("list-units --output=table")).toBe(await print("list-units"));
  });

  it.each([
    [
      "list-units --output=jsn",
      'Error: unknown format "jsn" for --output\n\nDid you mean this?\n\t--output=json\n\nThe formats are table, wide, name, json, yaml\n',
    ],
    [
      "list-units --output=json --fields=unit",
      "Error: --fields has no meaning with --output=json\nDocuments always have all fields.\n",
    ],
  ])("%s is wrong usage", async (line, stderr) => {
    expect(await cluster.run(line)).toEqual({ code: 2, stdout: "", stderr });
  });
});

describe("--filter", () => {
  it.each([
    ["list-units", "unit=web@*", "web@1 web@2"],
    ["list-units", "unit=web@1", "web@1"],
    ["list-units", "unit={web@2,failing}", "failing web@2"],
    ["list-units", "unit!=web@*", "failing glob glob glob"],
    ["list-units", "unit=glob@@85c0", "glob glob"],
    ["list-units", "unit=glob@@85c0e", "glob"],
    ["list-units", "machine=113f16a7", "glob web@1"],
    ["list-units", "machine=127.0.0.2", "glob web@2"],
    ["list-units", "machine=127.0.0.[13]", "failing glob glob web@1"],
    ["list-units", "machine=*7f", ""],
    ["list-units", "metadata.az=us-west-1?", "glob glob web@1 web@2"],
    ["list-units", "metadata.az=us-west-1?,metadata.role=web", "glob web@1"],
    ["list-units", "metadata.role!=web", "failing glob glob web@2"],
    ["list-units", "metadata.az=", "failing glob"],
    ["list-units", "state=failed", "failing"],
    ["list-units", "state=running,unit=web*", "web@1 web@2"],
    ["list-units", "active=active,sub!=running", ""],
    ["list-units", "load=loaded,active={failed,activating}", "failing"],
    ["list-units", "state=nosuch", ""],
    ["list-unit-files", "state=inactive", "db web@"],
    ["list-unit-files", "state={inactive,launched},unit=web*", "web@ web@1 web@2"],
    ["list-unit-files", "dstate=launched,machine=-", "glob"],
    ["list-unit-files", "machine=113f", "web@1"],
    ["list-unit-files", "global=true", "glob"],
    ["list-unit-files", "metadata.role=web", "web@1"],
  ])("%s --filter %s", async (list, filter, expected) => {
    const found = await items(`${list} --output=json --filter=${filter}`);
    expect(found.map((item) => String(item.unit).replace(".service", "")).join(" ")).toBe(expected);
  });

  it.each([
    ["metadata.az=us-*", [m1, m2]],
    ["metadata.role=web", [m1]],
    ["machine=85c0", [m2, m3]],
    ["ip=127.0.0.3", [m3]],
  ])("list-machines --filter %s", async (filter, expected) => {
    expect(await print(`list-machines --output=name --filter ${filter}`)).toBe(
      expected.map((id) => `${id}\n`).join(""),
    );
  });

  it("finds units by hash, in full or as lists show it", async () => {
    const [item] = await items("list-unit-files --output=json --filter=unit=db");
    const hash = String(item?.hash);
    for (const text of [hash, hash.slice(0, 7)]) {
      expect(await print(`list-unit-files --output=name --filter=hash=${text}`)).toBe("db.service\n");
    }
  });

  it("given twice must hold twice", async () => {
    expect(await print("list-units --output=name --filter unit=web@* --filter machine=113f")).toBe(
      "web@1.service\n",
    );
  });

  it("works on tables too", async () => {
    expect(await print("list-units --no-legend --fields=unit --filter state=failed")).toBe(
      "failing.service\n",
    );
  });

  it.each([
    ["list-units --filter unit", 'Error: malformed filter "unit"'],
    ["list-units --filter =x", 'Error: malformed filter "=x"'],
    ["list-units --filter actve=x", 'Error: unknown key "actve" in --filter'],
    ["list-units --filter metadata.=x", 'Error: "metadata.=x" in --filter names no metadata\n'],
    ["list-unit-files --filter global=maybe", 'Error: global is never "maybe" in --filter\n'],
    ["list-unit-files --filter dstate!={loaded,lanched}", 'Error: dstate is never "lanched" in --filter\n'],
    ["list-machines --filter unit=x", 'Error: unknown key "unit" in --filter'],
    ["list-units --filter toString=x", 'Error: unknown key "toString" in --filter'],
    ["list-units --filter unit=[a", "Error: malformed pattern"],
  ])("%s is wrong usage", async (line, message) => {
    const { code, stdout, stderr } = await cluster.run(line);
    expect([code, stdout, stderr.startsWith(message)]).toEqual([2, "", true]);
  });

  it("says which words there are", async () => {
    expect((await cluster.run("list-unit-files --filter dstate=launchd")).stderr).toBe(
      'Error: dstate is never "launchd" in --filter\n\nDid you mean this?\n\tdstate=launched\n\nIt is one of inactive, loaded, launched\n',
    );
    expect((await cluster.run("list-unit-files --filter dstate=lau*,state=")).code).toBe(0);
  });

  it("says which keys there are", async () => {
    expect((await cluster.run("list-units --filter actve=x")).stderr).toBe(
      'Error: unknown key "actve" in --filter\n\nDid you mean this?\n\tactive\n\nThe keys are unit, machine, state, load, active, sub, hash, metadata.KEY\n',
    );
  });
});
