import { parseMachineId, parseUnitName } from "@fleet/core";
import { describe, expect, it } from "vitest";
import { until } from "../../../api/src/testing/manual-clock.js";
import { createCliHarness, machineIds, withoutV2 } from "../testing/cli-harness.js";

const service = "[Service]\nExecStart=/bin/true\n";
const places = ["113f16a7.../127.0.0.1", "85c0c595.../127.0.0.2", "85c0e793.../127.0.0.3"];
const ok = (stdout = "", stderr = "") => ({ code: 0, stdout, stderr });
const refused = (stderr: string) => ({ code: 1, stdout: "", stderr });

/** `glob` runs everywhere; `a` on the first machine, `b` on the second. */
async function createCluster(version = "v2") {
  const harness = version === "v2" ? createCliHarness() : createCliHarness(withoutV2);
  for (const name of ["a", "b", "idle"]) harness.files.set(`${name}.service`, service);
  harness.files.set("glob.service", `${service}[X-Fleet]\nGlobal=true\n`);
  await harness.run("start a b");
  await harness.run("start glob");
  await harness.run("submit idle");
  const states = (name = "glob") =>
    machineIds.map((id) => {
      const unitName = parseUnitName(`${name}.service`);
      const seat = harness.api.cluster.seats.get(parseMachineId(id))?.get(unitName);
      const state = harness.api.cluster.states.get(parseMachineId(id))?.get(unitName);
      return seat === undefined ? "-" : `${state?.activeState} ${seat.startCount}`;
    });
  await until(() => states().every((state) => state === "active 1"));
  return { ...harness, states };
}

describe("a global unit on one machine", () => {
  it("is stopped, stays so, and is started", async () => {
    const { run, states } = await createCluster();
    expect(await run("stop glob@@113f")).toEqual(
      ok(
        `Unit glob.service loaded on ${places[0]}\n`,
        "Successfully stopped units [glob.service@@113f16a7].\n",
      ),
    );
    expect(states()).toEqual(["inactive 1", "active 1", "active 1"]);
    expect(await run("stop glob@@113f")).toEqual(ok());
    expect(await run("start glob@@113f")).toEqual(ok(`Unit glob.service launched on ${places[0]}\n`));
    expect(states()).toEqual(["active 2", "active 1", "active 1"]);
    expect(await run("start glob@@113f")).toEqual(ok());
  });

  it("is left alone by a start if it has failed, which is said", async () => {
    const { api, run } = await createCluster();
    const words = { isStarted: true, activeState: "failed", subState: "failed", jobResult: "done" };
    api.cluster.report(machineIds[0], "glob.service", words);
    expect(await run("start glob@@113f")).toEqual(
      ok(
        "",
        "Unit glob.service@@113f16a7 is launched already: unit glob.service@@113f16a7 failed (failed/failed)\n" +
          "Hint: to start it again: fleetctl restart glob.service@@113f16a7\n",
      ),
    );
  });

  it("is started by a start of the whole, and only there", async () => {
    const { run, states } = await createCluster();
    await run("stop glob@@113f");
    expect(await run("start glob")).toEqual(ok("Triggered global unit glob.service start\n"));
    await until(() => states()[0] === "active 2");
    expect(states()).toEqual(["active 2", "active 1", "active 1"]);
    expect(await run("start glob")).toEqual(ok());
  });

  it("is restarted, and named in what is told", async () => {
    const { run, states } = await createCluster();
    expect(await run("restart glob@@85c0c")).toEqual(
      ok(
        `Unit glob.service loaded on ${places[1]}\nUnit glob.service launched on ${places[1]}\n`,
        "Unit(glob.service@@85c0c595) was restarted.\n",
      ),
    );
    expect(states()).toEqual(["active 1", "active 2", "active 1"]);
  });

  it("that was stopped stays so when the whole is restarted", async () => {
    const { run, states } = await createCluster();
    await run("stop glob@@113f");
    expect((await run("restart glob")).stderr).toBe(
      "Unit(glob.service@@85c0c595) was restarted.\nUnit(glob.service@@85c0e793) was restarted.\n",
    );
    expect(states()).toEqual(["inactive 1", "active 2", "active 2"]);
  });

  it("that does not come back keeps the others from being restarted", async () => {
    const { autopilot, run } = await createCluster();
    autopilot.behaviours.set("glob.service", "fails");
    const { code, stderr } = await run("restart --no-journal glob a");
    expect([code, stderr]).toEqual([
      1,
      "Error waiting for unit states, exit status: unit glob.service@@113f16a7 failed (failed/failed, job result failed)\n" +
        "Not restarted: glob.service@@85c0c595 glob.service@@85c0e793 a.service\n",
    ]);
  });

  it("is only told with --no-block, and given up in time", async () => {
    const { autopilot, run } = await createCluster();
    expect(await run("stop --no-block glob@@113f")).toEqual(
      ok("Triggered unit glob.service@@113f16a7 stop\n"),
    );
    autopilot.stop();
    const { code, stderr } = await run("stop --timeout=2 glob@@85c0c");
    expect([code, stderr]).toEqual([
      1,
      "Failed to stop units [glob.service@@85c0c595]. err: timed out waiting for unit glob.service@@85c0c595 to report state loaded (still launched)\n",
    ]);
  });

  it("cannot be taken away from there", async () => {
    const { run, states } = await createCluster();
    for (const command of ["load", "unload", "destroy"]) {
      expect(await run(`${command} glob@@113f`)).toEqual(
        refused(
          `Unable to ${command} unit glob.service on one machine: it is global, and belongs on every machine that fits\n` +
            "Hint: fleetctl stop glob.service@@113f16a7 stops it there; what it asks of machines (MachineMetadata) keeps it away\n",
        ),
      );
    }
    expect(states()).toEqual(["active 1", "active 1", "active 1"]);
  });

  it("is not told apart by a server without the v2 API", async () => {
    const { run } = await createCluster("v1");
    expect(await run("stop glob@@113f")).toEqual(
      refused(
        "Error stopping units: unit glob.service is global, and the server cannot act on it on one machine alone\nHint: it has no v2 API\n",
      ),
    );
  });

  it("cannot be started while the whole is not to run", async () => {
    const { run } = await createCluster();
    await run("stop glob");
    expect(await run("start glob@@113f")).toEqual(
      refused(
        "Error starting units: unit glob.service@@113f16a7: googleapi: Error 409: unit glob.service is wanted loaded on all of its machines\nHint: start it as a whole first\n",
      ),
    );
    expect(await run("stop glob@@113f")).toEqual(ok());
  });
});

describe("a plain unit with a machine", () => {
  it.each(["stop", "restart", "unload", "destroy", "load", "start"])(
    "is found there by %s",
    async (command) => {
      const { run } = await createCluster();
      expect((await run(`${command} a@@113f`)).code).toBe(0);
    },
  );

  it.each([
    ["stop", "Error stopping units: "],
    ["unload", "Error unloading units: "],
    ["destroy", "Error destroying units: "],
    ["start", "Error starting units: "],
    ["load", "Error loading units: "],
    ["restart", "Error restarting units: "],
  ])("is left alone by %s if it is elsewhere, and so are the others", async (command, step) => {
    const { run, states } = await createCluster();
    expect(await run(`${command} b a@@85c0c`)).toEqual(
      refused(
        `${step}unit a.service is not on a machine whose id begins with 85c0c\nHint: it is on 113f16a7...\n`,
      ),
    );
    expect(states("b")).toEqual(["-", "active 1", "-"]);
  });

  it("is left alone if it is nowhere", async () => {
    const { run } = await createCluster();
    expect(await run("start idle@@113f")).toEqual(
      refused(
        "Error starting units: unit idle.service is not on a machine whose id begins with 113f\nHint: unit idle.service: not placed on any machine\n",
      ),
    );
    expect(await run("start nosuch@@113f")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("not in the cluster"),
    });
  });
});

describe("a machine", () => {
  it("may be given by a beginning that fits one machine of the unit", async () => {
    const { run } = await createCluster();
    expect(await run("stop glob@@85c0")).toEqual(
      refused(
        `Error stopping units: unit glob.service is on more than one machine whose id begins with 85c0\nHint: ${machineIds[1]}, ${machineIds[2]}\n`,
      ),
    );
    expect((await run("restart glob@@{113f,85c0e}")).stderr).toBe(
      "Unit(glob.service@@113f16a7) was restarted.\nUnit(glob.service@@85c0e793) was restarted.\n",
    );
  });

  it("narrows down what a pattern matches", async () => {
    const { run, states } = await createCluster();
    const { code, stdout } = await run("stop *@@113f");
    expect([code, stdout.split("\n").sort()]).toEqual([
      0,
      ["", `Unit a.service loaded on ${places[0]}`, `Unit glob.service loaded on ${places[0]}`],
    ]);
    expect([states("a"), states("b"), states()]).toEqual([
      ["inactive 1", "-", "-"],
      ["-", "active 1", "-"],
      ["inactive 1", "active 1", "active 1"],
    ]);
    expect((await run("restart [ab]@@113f")).stderr).toBe("Unit(a.service) already loaded, starting.\n");
    expect(await run("restart b*@@113f")).toMatchObject({ code: 1, stdout: "" });
    expect((await run("stop b*@@113f")).code).toBe(1);
  });
});
