import { RegistryDistrustError } from "@fleet/core";
import { describe, expect, it } from "vitest";
import { createCliHarness, machineIds } from "../testing/cli-harness.js";

const unit = (description: string) =>
  `[Unit]\nDescription=${description}\n\n[Service]\nExecStart=/bin/true\n`;

describe("list-machines", () => {
  it.each([
    [
      "list-machines",
      "MACHINE\t\tIP\t\tMETADATA\n113f16a7...\t127.0.0.1\taz=us-west-1b,role=web\n85c0c595...\t127.0.0.2\taz=us-west-1a\n85c0e793...\t127.0.0.3\t-\n",
    ],
    [
      "list-machines --no-legend --fields=ip,machine",
      "127.0.0.1\t113f16a7...\n127.0.0.2\t85c0c595...\n127.0.0.3\t85c0e793...\n",
    ],
    ["list-machines --full --no-legend --fields=machine", `${machineIds.join("\n")}\n`],
    [
      "list-machines -l --no-legend --fields machine,machine ignored",
      machineIds.map((id) => `${id}\t${id}\n`).join(""),
    ],
  ])("%s", async (line, stdout) => {
    expect(await createCliHarness().run(line)).toEqual({ code: 0, stdout, stderr: "" });
  });

  it("says what may be wrong when fleetd has no etcd", async () => {
    const { api, run } = createCliHarness();
    api.availability = { available: false, problem: "no etcd" };
    expect(await run("list-machines")).toEqual({
      code: 1,
      stdout: "",
      stderr:
        "Error retrieving list of active machines from fleet API (googleapi: Error 503: fleet server unable to communicate with etcd)\nPossible issues:\n  etcd is unhealthy and/or lost quorum\n  connection cannot be established to any etcd servers\n",
    });
  });
});

describe("while etcd is not believed", () => {
  it.each([
    [
      "list-machines",
      "Error retrieving list of active machines from fleet API (googleapi: Error 503: the registry is not believed: it is empty)\n",
    ],
    [
      "list-units",
      "Error retrieving list of units from repository: googleapi: Error 503: the registry is not believed: it is empty\n",
    ],
    [
      "list-unit-files",
      "Error retrieving list of units from repository: googleapi: Error 503: the registry is not believed: it is empty\n",
    ],
    ["stop a", "Error retrieving units: googleapi: Error 503: the registry is not believed: it is empty\n"],
    ["status a", "Error retrieving unit: googleapi: Error 503: the registry is not believed: it is empty\n"],
  ])("%s says why, and what lifts it", async (line, message) => {
    const { api, run } = createCliHarness();
    api.cluster.readFailure = new RegistryDistrustError("it is empty");
    const { code, stdout, stderr } = await run(line);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr.startsWith(message)).toBe(true);
    expect(stderr.slice(message.length)).toMatch(
      /^Hint: etcd was wiped or restored: .+ fleetctl machine accept --all\n$/,
    );
  });
});

describe("list-units", () => {
  it("of nothing is the header", async () => {
    expect(await createCliHarness().run("list-units")).toEqual({
      code: 0,
      stdout: "UNIT\tMACHINE\tACTIVE\tSUB\n",
      stderr: "",
    });
  });

  it("has a line for each machine of a global unit", async () => {
    const { files, run } = createCliHarness();
    files.set("glob.service", `${unit("g")}\n[X-Fleet]\nGlobal=true\n`);
    files.set("hello.service", unit("h"));
    expect(await run("start glob.service")).toEqual({
      code: 0,
      stdout: "Unit glob.service inactive\nTriggered global unit glob.service start\n",
      stderr: "",
    });
    await run("load hello");
    expect((await run("list-units")).stdout).toBe(
      [
        "UNIT\t\tMACHINE\t\t\tACTIVE\t\tSUB",
        "glob.service\t113f16a7.../127.0.0.1\tactive\t\trunning",
        "glob.service\t85c0c595.../127.0.0.2\tactive\t\trunning",
        "glob.service\t85c0e793.../127.0.0.3\tactive\t\trunning",
        "hello.service\t113f16a7.../127.0.0.1\tinactive\tdead",
        "",
      ].join("\n"),
    );
    expect((await run("list-units --no-legend --fields=load,hash,unit")).stdout.split("\n")[3]).toMatch(
      /^loaded\t[0-9a-f]{7}\thello\.service$/,
    );
    expect((await run("list-units --full --no-legend --fields=hash,machine")).stdout.split("\n")[3]).toMatch(
      /^[0-9a-f]{40}\t113f16a7a2a54b6a8c8dbba2b45e1f01\/127\.0\.0\.1$/,
    );
  });

  it("says what went wrong, and where it asked", async () => {
    const { api, run } = createCliHarness();
    api.availability = { available: false };
    expect(await run("list-units")).toMatchObject({
      code: 1,
      stderr:
        "Error retrieving list of units from repository: googleapi: Error 503: fleet server unable to communicate with etcd\n",
    });
  });
});

describe("list-unit-files", () => {
  it("tells what is wanted and what became of it", async () => {
    const { files, run } = createCliHarness();
    files.set("glob.service", `${unit("Global unit")}\n[X-Fleet]\nGlobal=%i\nGlobal=true\n`);
    files.set("hello.service", unit("Hello World"));
    files.set("hello@.service", "[Service]\nExecStart=/bin/true\n");
    await run("submit hello@.service hello@10 hello@2");
    await run("load hello");
    await run("start glob hello@1");
    const { stdout } = await run("list-unit-files");
    expect(stdout.replace(/\t[0-9a-f]{7}\t/g, "\tHHHHHHH\t")).toBe(
      [
        "UNIT\t\t\tHASH\tDSTATE\t\tSTATE\t\tTARGET",
        "glob.service\t\tb2cc3d1\tlaunched\t-\t\tglobal",
        "hello.service\t\tf5ceb73\tloaded\t\tloaded\t\t113f16a7.../127.0.0.1",
        "hello@.service\t\t8e84a9a\tinactive\tinactive\t-",
        "hello@1.service\t\t8e84a9a\tlaunched\tlaunched\t85c0c595.../127.0.0.2",
        "hello@10.service\t8e84a9a\tinactive\tinactive\t-",
        "hello@2.service\t\t8e84a9a\tinactive\tinactive\t-",
        "",
      ]
        .join("\n")
        // The digits are those of the files above; which ones they are is the business of another test.
        .replace(/b2cc3d1|f5ceb73|8e84a9a/g, "HHHHHHH"),
    );
  });

  it("has the other fields", async () => {
    const { files, run } = createCliHarness();
    files.set("hello.service", unit("Hello World"));
    files.set("plain.service", "[Service]\nExecStart=/bin/true\n");
    await run("submit hello plain");
    expect(await run("list-unit-files --fields=unit,desc,global,target,tmachine")).toEqual({
      code: 0,
      stdout:
        "UNIT\t\tDESC\t\tGLOBAL\tTARGET\tTMACHINE\nhello.service\tHello World\tfalse\t-\t-\nplain.service\t-\t\tfalse\t-\t-\n",
      stderr: 'WARNING: The "tmachine" field is deprecated. Use "target" instead\n',
    });
  });
});
