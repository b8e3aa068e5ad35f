// What cannot be started is said to be so: by systemd in its own words, or by all machines of the cluster.

import { readFile, writeFile } from "node:fs/promises";
import { until } from "@fleet/lab";
import { describe, expect, it } from "vitest";
import { fleetctl, useCluster } from "../../support/fleet.js";

const cluster = useCluster("e2erefused", { machines: 2 });

async function unitFile(name: string, text: string): Promise<string> {
  const file = `${cluster().lab.dataDirectory}/${name}`;
  await writeFile(file, text);
  return file;
}

const runs = "[Service]\nExecStart=/bin/sleep 100000\n";

describe("a unit that systemd refuses to start", () => {
  it("fails its start at once, with systemd's text", async () => {
    const file = await unitFile("badexec.service", "[Service]\nExecStart=relative/path\n");
    const start = await cluster().fleetctl(["start", "--timeout=60", file]);
    expect(start.stderr).toContain(
      'unit badexec.service was not started: cannot start "badexec.service": Unit badexec.service has a bad unit file setting.',
    );
    expect(start.status).toBe(1);
    const again = await cluster().fleetctl(["start", "badexec.service"]);
    expect(again.stderr).toContain("has a bad unit file setting");
  });

  it("is logged with systemd's text, and without a stack", async () => {
    const logs = await until("a second try to be logged", { timeoutMs: 30_000, everyMs: 250 }, async () => {
      const files = cluster().machines.map(({ name }) => cluster().lab.logs(name).daemon);
      const lines = (await Promise.all(files.map((file) => readFile(file, "utf8")))).join("\n").split("\n");
      return lines.some((line) => line.includes("systemd still refuses")) && lines;
    });
    const told = logs.filter((line) => line.includes("refuses to start the unit"));
    for (const line of told) {
      expect(line).toContain("bad unit file setting");
      expect(line).not.toContain('"stack"');
    }
    expect(logs.filter((line) => line.includes("had not been issued"))).toEqual([]);
  });

  it("starts when it is replaced by something better", async () => {
    const file = await unitFile("badexec.service", runs);
    await fleetctl(cluster(), "start", "--replace", "--timeout=60", file);
    await fleetctl(cluster(), "destroy", "badexec.service");
  });

  it("says which unit it needs, and starts when that is there", async () => {
    const needy = await unitFile("needy.service", `[Unit]\nRequires=needed.service\n${runs}`);
    const start = await cluster().fleetctl(["start", "--timeout=60", needy]);
    expect(start.stderr).toContain("Unit needed.service not found.");
    const place = `[X-Fleet]\nMachineOf=needy.service\n`;
    await fleetctl(cluster(), "start", await unitFile("needed.service", `${runs}${place}`));
    await fleetctl(cluster(), "restart", "--timeout=60", "needy.service");
    await fleetctl(cluster(), "destroy", "needed.service", "needy.service");
  });

  it("is not given up before what comes with it is there", async () => {
    const names = ["pair-a.service", "pair-b.service"];
    const files = await Promise.all([
      unitFile("pair-a.service", `[Unit]\nRequires=pair-b.service\n${runs}`),
      unitFile("pair-b.service", `${runs}[X-Fleet]\nMachineOf=pair-a.service\n`),
    ]);
    await fleetctl(cluster(), "start", "--timeout=60", ...files);
    await fleetctl(cluster(), "destroy", ...names);
  });
});

describe("a name that every machine has taken", () => {
  it.each(["start", "load"])("%s fails when all have refused it", async (command) => {
    const file = await unitFile("basic.target", "[Unit]\nDescription=not the machine's own\n");
    const result = await cluster().fleetctl([command, "--timeout=60", file]);
    expect(result.stderr).toMatch(
      /: unit basic\.target cannot be placed: no machine: 2 refuse it \("basic\.target" belongs to this machine/,
    );
    expect(result.status).toBe(1);
    await fleetctl(cluster(), "destroy", "basic.target");
  });
});
