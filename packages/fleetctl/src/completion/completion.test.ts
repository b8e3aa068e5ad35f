import { describe, expect, it } from "vitest";
import { until } from "../../../api/src/testing/manual-clock.js";
import { commands } from "../commands/all.js";
import { createCliHarness, machineIds } from "../testing/cli-harness.js";

const unit = "[Service]\nExecStart=/bin/true\n";

async function createCluster() {
  const harness = createCliHarness();
  harness.files.set("web@.service", unit);
  harness.files.set("db.service", unit);
  await harness.run("submit web@ web@{1,2} db");
  /** What is offered for the last word of a line; a blank at its end begins a new one. */
  const offer = async (line: string) => {
    const { code, stdout, stderr } = await harness.run([
      "completion",
      "candidates",
      "--",
      ...line.split(" "),
    ]);
    expect(stderr).toBe("");
    return { code, lines: stdout.split("\n").slice(0, -1) };
  };
  const words = async (line: string) => (await offer(line)).lines.map((text) => text.split("\t")[0]);
  return { ...harness, offer, words };
}

describe("completion", () => {
  it("offers commands, with what they do", async () => {
    const { offer, words } = await createCluster();
    expect(await words("")).toEqual(commands.map(({ name }) => name));
    expect((await offer("list-u")).lines).toEqual([
      "list-unit-files\tList the units that exist in the cluster",
      "list-units\tList the current state of units in the cluster",
    ]);
    expect(await words("help uns")).toEqual([]);
    expect(await words("help unl")).toEqual(["unload"]);
    expect(await words("help unload st")).toEqual([]);
    expect(await words("completion ")).toEqual(["bash", "zsh", "fish"]);
  });

  it("offers flags of the command, and those of all", async () => {
    const { words } = await createCluster();
    expect(await words("start --re")).toEqual(["--replace", "--request-timeout"]);
    expect(await words("--endp")).toEqual(["--endpoint"]);
    expect(await words("stop --repl")).toEqual([]);
    expect(await words("stop -- --no")).toEqual([]);
  });

  it.each([
    ["list-units --output j", ["json"]],
    ["list-units --output=y", ["--output=yaml"]],
    ["list-units -o ", ["table", "wide", "name", "json", "yaml"]],
    ["list-units --fields=unit,a", ["--fields=unit,active"]],
    [
      "list-units --fields unit,",
      ["unit,unit", "unit,load", "unit,active", "unit,sub", "unit,machine", "unit,hash"],
    ],
    ["list-units --filter m", ["machine=", "metadata."]],
    ["list-units --filter unit=x,act", ["unit=x,active="]],
    ["list-units --filter active=f", ["active=failed"]],
    ["list-units --filter=unit=x,active!=f", ["--filter=unit=x,active!=failed"]],
    ["list-units --filter metadata.x=", []],
    ["list-units --filter nosuch=", []],
    ["list-unit-files --filter dstate=launched,global=t", ["dstate=launched,global=true"]],
    ["list-units --request-timeout ", []],
    ["list-units --full ", []],
    ["list-units ", []],
    ["--ca-file ", [":files"]],
  ])("offers values: %s", async (line, expected) => {
    const { words } = await createCluster();
    expect(await words(line)).toEqual(expected);
  });

  it("offers units as the cluster has them", async () => {
    const { offer, words } = await createCluster();
    expect((await offer("unload we")).lines).toEqual([
      "web@.service\tinactive",
      "web@1.service\tinactive",
      "web@2.service\tinactive",
    ]);
    expect(await words("--endpoint http://x unload --no-block web@1 web@2.")).toEqual(["web@2.service"]);
    expect(await words("start d")).toEqual([":files", "db.service"]);
    expect(await words("cat db")).toEqual(["db.service"]);
    expect(await words("cat db ")).toEqual([]);
    expect(await words("unlo d")).toEqual(["db.service"]);
  });

  it("offers what is on a machine to commands that go there", async () => {
    const { files, offer, run, words } = await createCluster();
    files.set("glob.service", `${unit}[X-Fleet]\nGlobal=true\n`);
    await run("start web@2");
    await run("start glob");
    await run("start web@1");
    expect((await offer("stop we")).lines).toEqual([
      "web@1.service\tactive/running",
      "web@2.service\tactive/running",
    ]);
    expect(await words("status g")).toEqual(["glob.service"]);
    expect(await words("ssh 113")).toEqual([machineIds[0]]);
    expect(await words("stop glob@@")).toEqual(machineIds.map((id) => `glob@@${id}`));
    expect(await words("status glob.service@@113")).toEqual([`glob.service@@${machineIds[0]}`]);
    expect(await words("machine ")).toEqual(["accept", "forget", "release"]);
    expect(await words("machine forget ")).toEqual(machineIds);
    expect(await words(`machine release ${machineIds[0]} 85c0c`)).toEqual([machineIds[1]]);
    expect(await words("ssh --unit=web@1")).toEqual(["--unit=web@1.service"]);
    expect(await words("ssh --machine 85c0c")).toEqual([machineIds[1]]);
    expect(await words("list-units --filter unit=web@")).toEqual([
      "unit=web@1.service",
      "unit=web@2.service",
    ]);
    expect(await words("list-units --filter machine=113")).toEqual([`machine=${machineIds[0]}`]);
    expect(await words("list-unit-files --filter unit!=we")).toEqual([
      "unit!=web@.service",
      "unit!=web@1.service",
      "unit!=web@2.service",
    ]);
  });

  it("offers what the words before ask for", async () => {
    const { run, words } = await createCluster();
    await run("start web@1");
    expect(await words("plan s")).toEqual(["start", "stop", "survive"]);
    expect(await words("plan ")).not.toContain("db.service");
    expect(await words("plan drain ")).toEqual(machineIds);
    expect(await words(`plan lose ${machineIds[0]} 113`)).toEqual([machineIds[0]]);
    expect(await words("plan start ")).toEqual([
      ":files",
      "db.service",
      "web@.service",
      "web@1.service",
      "web@2.service",
    ]);
    expect(await words("plan stop ")).toEqual(["web@1.service"]);
    expect(await words("plan add ")).toEqual([]);
    expect(await words("plan survive ")).toEqual([]);
    expect(await words("plan nosuch ")).toEqual([]);
  });

  it("is silent without a cluster", async () => {
    const { api, offer } = await createCluster();
    api.availability = { available: false };
    expect(await offer("stop we")).toEqual({ code: 1, lines: [] });
    expect(await offer("start we")).toEqual({ code: 1, lines: [":files"] });
    expect((await offer("stop --no")).lines).not.toEqual([]);
    expect((await offer("nosuch command --x ")).lines).toEqual([]);
  });

  it("waits no longer than a second", async () => {
    let isAsked = false;
    const harness = createCliHarness((transport) => ({
      ...transport,
      request: (_, signal) => {
        isAsked = true;
        return new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason));
        });
      },
    }));
    const asked = harness.begin("completion candidates -- stop we");
    await until(() => isAsked);
    harness.api.clock.advance(1_000);
    expect(await asked.result).toEqual({ code: 1, stdout: "", stderr: "" });
  });

  it.each(["bash", "zsh", "fish"])("has a script for %s", async (shell) => {
    const { code, stdout } = await createCliHarness().run(`completion ${shell}`);
    expect(code).toBe(0);
    expect(stdout).toContain("completion candidates -- ");
  });

  it.each(["completion", "completion tcsh", "completion bash zsh"])("%s is wrong usage", async (line) => {
    expect(await createCliHarness().run(line)).toEqual({
      code: 2,
      stdout: "",
      stderr: "One shell must be named\nUsage: fleetctl completion bash|zsh|fish\n",
    });
  });
});
