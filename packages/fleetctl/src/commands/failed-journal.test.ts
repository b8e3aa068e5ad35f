import { describe, expect, it } from "vitest";
import { until } from "../../../api/src/testing/manual-clock.js";
import { createCliHarness, machineIds } from "../testing/cli-harness.js";

const unit = "[Service]\nExecStart=/bin/false\n";
const legend = "113f16a7.../192.0.2.1";
const error =
  "Error waiting for unit states, exit status: unit bad.service failed (failed/failed, job result failed)\n";
const ssh =
  "ssh -T -a -x -o ClearAllForwardings=yes -o RemoteCommand=none -o ConnectTimeout=3 -o BatchMode=yes -- 192.0.2.1 ";
const journalctl = "journalctl --unit bad.service --no-pager --quiet -n 10 --output short";

function createCluster() {
  const harness = createCliHarness();
  const { api, autopilot, files } = harness;
  // Addresses that other machines can have; those of the harness are this host's.
  for (const [index, id] of machineIds.entries()) api.cluster.addMachine(id, `192.0.2.${index + 1}`);
  for (const name of ["bad", "good", "worse", "b1", "b2"]) files.set(`${name}.service`, unit);
  for (const name of ["bad", "worse", "b1", "b2"]) autopilot.behaviours.set(`${name}.service`, "fails");
  autopilot.behaviours.set("good.service", "runs");
  return harness;
}

describe("the journal of a unit that fails", () => {
  it("is looked at where the unit is, with a login that asks nothing", async () => {
    const { programs, run } = createCluster();
    programs.outputs.set(
      "journalctl",
      "Nov 23 10:00:00 m1 systemd[1]: bad.service: Failed\nand\tmore\u001b[1m\n",
    );
    expect(await run("start bad")).toEqual({
      code: 1,
      stdout: `Unit bad.service inactive\nUnit bad.service launched on ${legend}\n`,
      stderr:
        `${error}The journal of unit bad.service on ${legend} ends with:\n` +
        "  Nov 23 10:00:00 m1 systemd[1]: bad.service: Failed\n  and\tmore?[1m\n",
    });
    expect(programs.runs.map((words) => words.join(" "))).toEqual([ssh + journalctl]);
  });

  it("is looked at directly on this machine", async () => {
    const { files, programs, run } = createCluster();
    files.set("/etc/machine-id", `${machineIds[0]}\n`);
    programs.outputs.set("journalctl", "line\n");
    expect((await run("start bad")).stderr).toBe(
      `${error}The journal of unit bad.service on ${legend} ends with:\n  line\n`,
    );
    expect(programs.runs.map((words) => words.join(" "))).toEqual([journalctl]);
  });

  it("is cut to ten lines, and those to their beginnings", async () => {
    const { programs, run } = createCluster();
    const lines = Array.from({ length: 30 }, (_, index) => `${index} ${"x".repeat(1_000)}\n`);
    programs.outputs.set("journalctl", lines.join(""));
    const shown = (await run("start bad")).stderr.split("\n").filter((line) => line.startsWith("  "));
    expect(shown).toHaveLength(10);
    expect(shown.at(-1)).toMatch(/^ {2}29 x{397}…$/);
  });

  it.each([
    ["is empty", ["journalctl", ""]],
    ["cannot be reached in time", ["journalctl", undefined]],
  ] as const)("that %s is named", async (_, [word, output]) => {
    const { api, begin, programs } = createCluster();
    programs.outputs.set(word, output);
    const started = begin("start bad");
    let isDone = false;
    void started.result.then(() => {
      isDone = true;
    });
    await until(() => {
      if (programs.runs.length > 0) api.clock.advanceToNext(5_000);
      return isDone;
    });
    expect((await started.result).stderr).toBe(`${error}Hint: to see why: fleetctl journal bad.service\n`);
  });

  it("is named if there is no ssh, or nobody is let in", async () => {
    const { programs, run } = createCluster();
    programs.missing.add("ssh");
    expect((await run("start bad")).stderr).toContain("Hint: to see why: fleetctl journal bad.service\n");
    const other = createCluster();
    other.programs.outputs.set("journalctl", "half of");
    other.programs.statuses.set("ssh", 255);
    expect((await other.run("start bad")).stderr).toContain(
      "Hint: to see why: fleetctl journal bad.service\n",
    );
  });

  it("is not looked for on request, and not of units that have not failed", async () => {
    const { autopilot, programs, run } = createCluster();
    expect((await run("start --no-journal bad")).stderr).toBe(error);
    autopilot.behaviours.set("worse.service", "nowhere");
    expect((await run("start --timeout=2 good worse")).code).toBe(1);
    expect(programs.runs).toEqual([]);
  });

  it("is looked for of three units at most", async () => {
    const { programs, run } = createCluster();
    programs.outputs.set("journalctl", "line\n");
    const { stderr } = await run("start bad worse b1 b2 good");
    expect(stderr.match(/^The journal of unit \S+/gm)).toEqual([
      "The journal of unit bad.service",
      "The journal of unit worse.service",
      "The journal of unit b1.service",
    ]);
  });

  it("is shown when a unit does not come back from a restart, too", async () => {
    const { autopilot, programs, run } = createCluster();
    programs.outputs.set("journalctl", "line\n");
    await run("start good");
    autopilot.behaviours.set("good.service", "fails");
    const { code, stderr } = await run("restart good");
    expect([code, stderr]).toEqual([
      1,
      `${error.replace("bad", "good")}The journal of unit good.service on ${legend} ends with:\n  line\n`,
    ]);
    expect((await run("restart --no-journal good")).stderr).toBe(error.replace("bad", "good"));
  });
});
