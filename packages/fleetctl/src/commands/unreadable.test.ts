import { parseUnitName } from "@fleet/core";
import { describe, expect, it } from "vitest";
import { createCliHarness, withoutV2 } from "../testing/cli-harness.js";

const bad = parseUnitName("bad.service");

describe.each(["v2", "v1"])("a unit whose record cannot be read, on a server with %s", (version) => {
  const create = async () => {
    const harness = version === "v2" ? createCliHarness() : createCliHarness(withoutV2);
    harness.files.set("good.service", "[Service]\nExecStart=/bin/true\n");
    await harness.run("start good");
    harness.api.cluster.unreadableUnits.add(bad);
    return harness;
  };

  it.each(["stop", "restart"])("%s says that, and not that it is inactive", async (verb) => {
    const { run } = await create();
    const { code, stderr } = await run(`${verb} bad`);
    expect(code).toBe(1);
    expect(stderr).toContain(`Unable to ${verb} unit bad.service: `);
    expect(stderr).toContain("record cannot be read\nHint: it is left as it is");
    expect(stderr).not.toContain("inactive");
  });

  it("stop stops none of those that are named with it", async () => {
    const { api, run } = await create();
    expect((await run("stop good bad")).code).toBe(1);
    expect(api.cluster.units.get(parseUnitName("good.service"))?.desiredState).toBe("launched");
  });
});
