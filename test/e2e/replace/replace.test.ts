// start --replace and load --replace on real machines: one write, so that the unit keeps its place though somebody else
// waits for it, what follows it does not notice, and the new text is started exactly once.

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { fleetctl, invocations, rows, useCluster } from "../../support/fleet.js";

const cluster = useCluster("e2ereplace", { machines: 2, ttl: "5s" });
const rounds = 5;

describe("a unit with a follower and a rival that waits for its place", () => {
  let directory = "";
  const fleet = async (...args: readonly string[]) => await cluster().fleetctl(args, { cwd: directory });
  const runsOf = async (name: string) =>
    (await readFile(join(directory, `${name}.runs`), "utf8")).trimEnd().split("\n");
  /** Notes each of its starts, and takes its time to stop. */
  const submitText = async (name: string, version: string, more = "") => {
    const runs = join(directory, `${name}.runs`);
    const service = [
      `ExecStartPre=/bin/sh -c 'echo ${version} >> ${runs}'`,
      "ExecStart=/bin/sh -c 'trap \"sleep 0.3; exit 0\" TERM; while :; do sleep 0.1; done'",
    ];
    await writeFile(
      join(directory, `${name}.service`),
      `[Service]\n${service.join("\n")}\n\n[X-Fleet]\n${more}`,
    );
  };
  const conflicts = "Conflicts=slot-*.service\n";

  beforeAll(async () => {
    directory = join(cluster().lab.dataDirectory, "units");
    await mkdir(directory, { recursive: true });
    for (const slot of ["slot-1", "slot-2", "slot-3"]) await submitText(slot, "v0", conflicts);
    await submitText("follower", "v0", "MachineOf=slot-1.service\n");
    for (const name of ["slot-1", "slot-2", "follower"]) {
      expect(await fleet("start", name)).toMatchObject({ status: 0 });
    }
    expect(await fleet("start", "--no-block", "slot-3")).toMatchObject({ status: 0 });
  });

  it("is replaced where it is, and started once for each text", async () => {
    const [home] = await cluster().placesOf("slot-1.service");
    const expected = ["v0"];
    for (let round = 1; round <= rounds; round += 1) {
      await submitText("slot-1", `v${round}`, conflicts);
      expected.push(`v${round}`);
      const before = await invocations(cluster());
      const result = await fleet("start", "--replace", "slot-1");
      expect(result).toMatchObject({ status: 0, stderr: "" });
      expect(result.stdout).toMatch(/^Unit slot-1\.service launched on \S+\n$/);
      // What the command says is true at that moment.
      expect(await runsOf("slot-1")).toEqual(expected);
      const after = await invocations(cluster());
      expect(Object.keys(after).sort()).toEqual(Object.keys(before).sort());
      const changed = Object.keys(after).filter((unit) => after[unit] !== before[unit]);
      expect(changed).toEqual([`${home}/slot-1.service`]);
    }
    expect(await runsOf("follower")).toEqual(["v0"]);
    expect(await cluster().placesOf("slot-3.service")).toEqual([]);
    const listed = await fleetctl(cluster(), "list-unit-files", "--no-legend", "--fields=unit,dstate,target");
    expect(rows(listed).find(([unit]) => unit === "slot-3.service")).toEqual([
      "slot-3.service",
      "launched",
      "-",
    ]);
  });

  it("fails with the new text, if that does not start, and is mended by the next", async () => {
    const text = "[Service]\nExecStart=/bin/false\nType=oneshot\n\n[X-Fleet]\n";
    await writeFile(join(directory, "slot-1.service"), text + conflicts);
    const result = await fleet("start", "--replace", "slot-1");
    expect(result).toMatchObject({ status: 1 });
    expect(result.stderr).toMatch(/unit slot-1\.service failed \(failed\/failed, job result failed\)/);
    await submitText("slot-1", "v9", conflicts);
    expect(await fleet("start", "--replace", "slot-1")).toMatchObject({ status: 0 });
    expect((await runsOf("slot-1")).at(-1)).toBe("v9");
  });

  it("is loaded anew where it is while it is stopped", async () => {
    expect(await fleet("stop", "slot-1")).toMatchObject({ status: 0 });
    await submitText("slot-1", "v10", conflicts);
    const result = await fleet("load", "--replace", "slot-1");
    expect(result).toMatchObject({ status: 0, stderr: "" });
    expect(result.stdout).toMatch(/^Unit slot-1\.service loaded on \S+\n$/);
    expect(await cluster().placesOf("slot-3.service")).toEqual([]);
    expect(await fleet("start", "slot-1")).toMatchObject({ status: 0 });
    expect((await runsOf("slot-1")).at(-1)).toBe("v10");
  });
});
