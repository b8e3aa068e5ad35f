import { FleetError, parseUnitName } from "@fleet/core";
import { expect, it } from "vitest";
import { createCliHarness } from "../testing/cli-harness.js";

const away = new FleetError("unavailable", "etcd at 10.0.0.1 is away");
const inWords = "googleapi: Error 503: fleet server unable to communicate with etcd";

/** A cluster with units, of whose next writes those whose names `isServed` refuses fail. */
async function createCluster(names: readonly string[]) {
  const harness = createCliHarness();
  const { cluster } = harness.api;
  for (const name of names) harness.files.set(`${name}.service`, "[Service]\nExecStart=/bin/true\n");
  await harness.run(["submit", ...names]);
  const writeUnits = cluster.writeUnits.bind(cluster);
  const serve = (isServed: (name: string) => boolean): void => {
    cluster.writeUnits = async (writes) => {
      const results = await writeUnits(writes.filter(({ name }) => isServed(name)));
      const left = [...results];
      return writes.map(({ name }) => (isServed(name) ? left.shift() : undefined) ?? { error: away });
    };
  };
  return { ...harness, cluster, serve };
}

it("names the unit that was not served; those that were are waited for", async () => {
  const { run, serve } = await createCluster(["a", "b", "c"]);
  serve((name) => name !== "b.service");
  const { code, stderr, stdout } = await run("start a b c");
  expect([code, stderr]).toEqual([1, `Error starting units: unit b.service: ${inWords}\n`]);
  expect(stdout).toMatch(/^Unit a\.service launched on /m);
  expect(stdout).toMatch(/^Unit c\.service launched on /m);
  expect(await run("destroy a b")).toEqual({
    code: 1,
    stdout: "Destroyed a.service\n",
    stderr: `Error destroying units: unit b.service: ${inWords}\n`,
  });
});

it("names the unit that somebody has destroyed meanwhile", async () => {
  const { cluster, run } = await createCluster(["a", "b"]);
  const writeUnits = cluster.writeUnits.bind(cluster);
  cluster.writeUnits = (writes) => {
    cluster.units.delete(parseUnitName("b.service"));
    return writeUnits(writes);
  };
  expect(await run("start --no-block a b")).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(
      /^Error starting units: unit b\.service: googleapi: Error 404: unit does not exist\n/,
    ),
  });
});

it("counts many that fail alike in one line", async () => {
  const names = ["a", "b", "c", "d", "e", "f"];
  const { cluster, files, run, serve } = await createCluster(names);
  serve((name) => name === "f.service");
  expect(await run(["start", "--no-block", ...names])).toEqual({
    code: 1,
    stdout: "Triggered unit f.service start\n",
    stderr: `Error starting units: 5 units (a.service, b.service, c.service and 2 more): ${inWords}\n`,
  });
  serve(() => false);
  for (const name of names) files.set(`new-${name}.service`, "[Service]\nExecStart=/bin/true\n");
  expect((await run(["submit", ...names.map((name) => `new-${name}`)])).stderr).toBe(
    "Error creating units: failed creating 6 units (new-a.service, new-b.service, new-c.service and 3 more): " +
      `${inWords}\n`,
  );
  expect(cluster.units.size).toBe(6);
});
