import { expect, it } from "vitest";
import { createCliHarness, machineIds } from "../testing/cli-harness.js";

const hint =
  "Hint: lost.service is on 113f16a7..., but the cluster has no record of it, and so leaves it alone. " +
  "Submit and start it, and what runs is adopted; submit and destroy it to be rid of it.\n";

it.each([
  ["stop lost", "Units not found in registry\nHint: the cluster has no lost.service\n"],
  ["destroy lost", "Units not found in registry\nHint: the cluster has no lost.service\n"],
  ["status lost", "Unit lost.service does not exist.\n"],
])("%s says that the unit runs without a record, and what to do", async (line, message) => {
  const { api, run } = createCliHarness();
  api.cluster.report(machineIds[0], "lost.service", { activeState: "active", subState: "running" });
  expect(await run(line)).toMatchObject({ code: 1, stderr: message + hint });
});

it("is silent of units that are nowhere", async () => {
  expect((await createCliHarness().run("stop lost")).stderr).toBe(
    "Units not found in registry\nHint: the cluster has no lost.service\n",
  );
});
