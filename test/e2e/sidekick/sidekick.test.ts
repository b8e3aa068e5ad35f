// A unit that systemd starts because another one needs it: what is told of both is never older than what was done.
import { expect, it } from "vitest";
import { fleetctl, rows, useCluster } from "../../support/fleet.js";

const cluster = useCluster("e2esidekick", { machines: 1, ttl: "5s" });
const files = ["examples/units/hello.service", "examples/units/hello-sidekick.service"];

it("start returns when both are active, and both are listed as active at once", async () => {
  for (let round = 0; round < 10; round += 1) {
    const printed = await fleetctl(cluster(), "start", ...files);
    expect(printed.match(/launched on/g), `round ${round}: ${printed}`).toHaveLength(2);
    const listed = await fleetctl(cluster(), "list-units", "--no-legend", "--fields=unit,active");
    expect(rows(listed), `round ${round}`).toEqual([
      ["hello-sidekick.service", "active"],
      ["hello.service", "active"],
    ]);
    await fleetctl(cluster(), "destroy", "hello", "hello-sidekick");
  }
});
