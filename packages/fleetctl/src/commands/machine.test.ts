import { describe, expect, it } from "vitest";
import { createCliHarness, machineIds } from "../testing/cli-harness.js";

const gone = "feedfacefeedfacefeedfacefeedface";

describe("machine", () => {
  it("accepts etcd for all, and for one", async () => {
    const { api, run } = createCliHarness();
    expect(await run("machine accept --all")).toEqual({
      code: 0,
      stdout: "Accepted etcd for all machines\n",
      stderr: "",
    });
    expect(await run(`machine accept ${machineIds[0]}`)).toMatchObject({ code: 0 });
    expect(api.cluster.settled).toEqual(["accept all", `accept ${machineIds[0]}`]);
  });

  it("forgets who is gone, and nobody else", async () => {
    const { api, run } = createCliHarness();
    expect(await run(`machine forget ${gone}`)).toEqual({
      code: 0,
      stdout: `Forgot machine ${gone}\n`,
      stderr: "",
    });
    const refused = await run(`machine forget ${machineIds[0]}`);
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toContain("it is present");
    expect(api.cluster.settled).toEqual([`forget ${gone}`]);
  });

  it.each([
    "machine",
    "machine accept",
    "machine accept a b",
    `machine accept --all ${gone}`,
    "machine burn a",
  ])("%s is a usage error", async (line) => {
    const { api, run } = createCliHarness();
    expect((await run(line)).code).toBe(2);
    expect(api.cluster.settled).toEqual([]);
  });
});
