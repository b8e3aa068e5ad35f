import { describe, expect, it } from "vitest";
import { until } from "../../../api/src/testing/manual-clock.js";
import { createCliHarness, machineIds } from "../testing/cli-harness.js";

const ok = (stdout = "", stderr = "") => ({ code: 0, stdout, stderr });
const places = ["113f16a7.../127.0.0.1", "85c0c595.../127.0.0.2", "85c0e793.../127.0.0.3"];
const everywhere = (state: string) =>
  places.map((place) => `Unit glob.service ${state} on ${place}\n`).join("");

function createCluster() {
  const harness = createCliHarness();
  harness.files.set("glob.service", "[Service]\nExecStart=/bin/true\n[X-Fleet]\nGlobal=true\n");
  return harness;
}

describe("--wait", () => {
  it("waits for a global unit on all of its machines", async () => {
    const { run } = createCluster();
    await run("submit glob");
    expect(await run("load --wait glob")).toEqual(ok(everywhere("loaded")));
    expect(await run("start --wait glob")).toEqual(ok(everywhere("launched")));
    expect(await run("stop --wait glob")).toEqual(ok("", "Successfully stopped units [glob.service].\n"));
    expect(await run("unload --wait glob")).toEqual(ok("", "Successfully unloaded units [glob.service].\n"));
    expect((await run("start --wait glob")).code).toBe(0);
  });

  it("says which machines are still waited for, and fails with what has failed there", async () => {
    const { api, autopilot, begin } = createCluster();
    autopilot.behaviours.set("glob.service", "hangs");
    const started = begin("start --wait --no-journal glob");
    await until(() => started.printed().stdout.split("launched").length === 4);
    const words = { isStarted: true, activeState: "active", subState: "running", jobResult: "done" };
    api.cluster.report(machineIds[0], "glob.service", words);
    await until(() => {
      api.clock.advanceToNext(5_000);
      return started.printed().stderr !== "";
    });
    expect(started.printed().stderr).toMatch(
      /^Waiting for unit glob\.service: on [23] of 3 machines still starting \(activating\/start\)\n/,
    );
    api.cluster.report(machineIds[1], "glob.service", words);
    const failed = { isStarted: true, activeState: "failed", subState: "failed", jobResult: "failed" };
    api.cluster.report(machineIds[2], "glob.service", failed);
    const { code, stderr } = await started.result;
    expect([code, stderr.split("\n").at(-2)]).toEqual([
      1,
      "Error waiting for unit states, exit status: unit glob.service@@85c0e793 failed (failed/failed, job result failed)",
    ]);
  });

  it("says why a global unit is nowhere, when the time is up", async () => {
    const { autopilot, run } = createCluster();
    autopilot.behaviours.set("glob.service", "nowhere");
    const { code, stderr } = await run("start --wait --timeout=2 glob");
    expect([code, stderr]).toEqual([
      1,
      "Error waiting for unit states, exit status: timed out waiting for unit glob.service to report state launched\n" +
        "Hint: unit glob.service: not placed on any machine\n",
    ]);
  });

  it("waits for the new text of a unit that is replaced", async () => {
    const { files, run } = createCluster();
    await run("start --wait glob");
    files.set("glob.service", "[Service]\nExecStart=/bin/false\n[X-Fleet]\nGlobal=true\n");
    expect(await run("start --wait --replace glob")).toEqual(ok(everywhere("launched")));
  });

  it("contradicts --no-block", async () => {
    const { run } = createCluster();
    for (const command of ["start", "load", "stop", "unload"]) {
      expect(await run(`${command} --wait --no-block glob`)).toMatchObject({
        code: 2,
        stderr: "Error: --wait and --no-block contradict each other\n",
      });
    }
    for (const command of ["restart", "destroy"]) expect((await run(`${command} --wait glob`)).code).toBe(2);
  });
});
