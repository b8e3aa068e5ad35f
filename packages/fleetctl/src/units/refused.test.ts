import { parseMachineId, parseUnitName } from "@fleet/core";
import { describe, expect, it } from "vitest";
import { until } from "../../../api/src/testing/manual-clock.js";
import { createCliHarness, machineIds } from "../testing/cli-harness.js";

const unit = "[Service]\nExecStart=/bin/true\n";
const machine = parseMachineId(machineIds[0]);
const name = parseUnitName("a.service");

function createCluster(behaviour: "refused" | "systemd-refuses") {
  const harness = createCliHarness();
  harness.files.set("a.service", unit);
  harness.autopilot.behaviours.set("a.service", behaviour);
  const stateOf = () => harness.api.cluster.states.get(machine)?.get(name);
  return { ...harness, stateOf };
}

describe("a unit that systemd refuses to start", () => {
  it.each(["start a", "start --replace a"])("%s fails with systemd's words", async (command) => {
    expect(await createCluster("systemd-refuses").run(command)).toEqual({
      code: 1,
      stdout: "Unit a.service inactive\n",
      stderr:
        "Error waiting for unit states, exit status: unit a.service was not started: Unit a.service is masked.\n",
    });
  });

  it("is said to be so by a start that comes later", async () => {
    const { run } = createCluster("systemd-refuses");
    await run("start a");
    expect((await run("start a")).stderr).toBe(
      "Unit a.service is launched already: unit a.service was not started: Unit a.service is masked.\nHint: to start it again: fleetctl restart a.service\n",
    );
  });

  it("is waited for when its content was replaced, until its machine says something of that", async () => {
    const { api, autopilot, begin, files, run, stateOf } = createCluster("systemd-refuses");
    await run("start a");
    const before = stateOf();
    autopilot.behaviours.set("a.service", "hangs");
    files.set("a.service", `${unit}# better\nRestart=always\n`);
    const started = begin("start --replace a");
    await until(() => stateOf()?.contentId !== before?.contentId);
    await until(() => started.printed().stdout.includes("launched"));
    expect(api.cluster.units.get(name)?.desiredState).toBe("launched");
    started.interrupt();
    expect((await started.result).code).toBe(130);
  });

  it("is stopped only when its start is no longer tried", async () => {
    const { api, autopilot, begin, run, stateOf } = createCluster("systemd-refuses");
    await run("start a");
    autopilot.stop();
    const stopped = begin("stop a");
    await until(() => api.cluster.units.get(name)?.desiredState === "loaded");
    api.cluster.seat(machine, name, "loaded");
    let isDone = false;
    const result = stopped.result.finally(() => {
      isDone = true;
    });
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect([isDone, stateOf()?.jobResult]).toEqual([false, "refused"]);
    api.cluster.report(machine, name, { jobResult: "done" });
    expect((await result).code).toBe(0);
  });
});

describe("a unit that its machine refuses", () => {
  it.each([
    ["start", "start a"],
    ["load", "load a"],
  ])("%s waits until the leader knows that there is no other", async (_title, command) => {
    const { api, begin, stateOf } = createCluster("refused");
    const waiting = begin(`${command} --timeout=30`);
    await until(() => stateOf()?.condition === "refused");
    await until(() => api.clock.sleeping.includes(5_000));
    api.clock.advance(5_000);
    await until(() => waiting.printed().stderr.includes("refused by machine 113f16a7...: it belongs"));
    const reason = "no machine: 3 refuse it (it belongs to this machine)";
    api.cluster.sayStatus({ machines: [], refusals: [{ unit: name, reason }] });
    const { code, stderr } = await waiting.result;
    expect(code).toBe(1);
    expect(stderr).toContain(`: unit a.service cannot be placed: ${reason}\n`);
  });
});
