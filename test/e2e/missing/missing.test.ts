// What fleetd needs is not there: it says what, in one line, and how it ends is documented; or it waits and recovers.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fleetDaemon, fleetMachine, runProgram } from "@fleet/demo";
import { type Lab, openLab, until } from "@fleet/lab";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkout } from "../../support/fleet.js";

const limits = { timeoutMs: 60_000, everyMs: 50 };
const fleetd = [process.execPath, `${checkout}/packages/fleetd/dist/fleetd.mjs`] as const;
let directory = "";

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "fleet-missing-"));
});
afterAll(async () => await rm(directory, { recursive: true }));

function environmentOf(): Record<string, string> {
  return {
    FLEET_ETCD_SERVERS: "http://127.0.0.1:1",
    FLEET_MACHINE_ID: "m1",
    FLEET_SYSTEMD: `private:${directory}/none`,
    FLEET_LISTEN: `unix://${directory}/fleet.sock`,
    FLEET_UNITS_DIRECTORY: `${directory}/units`,
    FLEET_RUNTIME_DIRECTORY: `${directory}/run`,
    FLEET_STATE_DIRECTORY: `${directory}/state`,
    FLEET_ENVIRONMENT_FILE: `${directory}/environment`,
  };
}

function run(argv: readonly string[], environment: Record<string, string> = {}) {
  return runProgram([...fleetd, ...argv], { environment: { ...environmentOf(), ...environment } });
}

describe("fleetd", () => {
  const cases: readonly [
    name: string,
    argv: string[],
    environment: Record<string, string>,
    status: number,
    says: RegExp,
  ][] = [
    ["a flag it does not know", ["--confg"], {}, 2, /unknown flag --confg/],
    ["a command of fleetctl", ["list-units"], {}, 2, /did you mean fleetctl list-units\?/],
    [
      "a file that is not there",
      ["--config", "/nonexistent/f"],
      {},
      3,
      /cannot read the configuration \/nonexistent\/f: there is no such file/,
    ],
    [
      "a bad option",
      [],
      { FLEET_AGENT_TTL: "30" },
      3,
      /FLEET_AGENT_TTL: agent_ttl = "30": expected a duration/,
    ],
    [
      "a directory that cannot be made",
      [],
      { FLEET_STATE_DIRECTORY: "/dev/null/fleet" },
      4,
      /cannot use the directory \/dev\/null\/fleet/,
    ],
    ["no etcd, when asked to check", ["--check"], {}, 7, /etcd.*http:\/\/127\.0\.0\.1:1/],
  ];
  it.each(cases)("%s: one line, its own exit code", async (_name, argv, environment, status, says) => {
    const result = await run(argv, environment);
    expect(result.stderr.trimEnd().split("\n")).toHaveLength(1);
    expect(result.stderr).toMatch(says);
    expect(result.status).toBe(status);
  });

  it("names the line of an unknown key", async () => {
    const file = join(directory, "fleet.conf");
    await writeFile(file, "# mine\netcd_server = http://127.0.0.1:2379\n");
    const result = await run(["--config", file]);
    expect(result.stderr).toContain(`${file}:2: unknown option "etcd_server" (did you mean "etcd_servers"?)`);
    expect(result.status).toBe(3);
  });

  it("refuses a socket on which somebody listens", async () => {
    const path = join(directory, "taken.sock");
    const server = createServer().listen(path);
    const result = await run([], { FLEET_LISTEN: `unix://${path}` });
    server.close();
    expect(result.stderr).toContain(`cannot listen on unix://${path}`);
    expect(result.status).toBe(5);
  });
});

describe("neither systemd nor etcd there", () => {
  it("says both, in the log and to who asks", async () => {
    const socketPath = join(directory, "fleet.sock");
    const ask = (path: string): Promise<string> =>
      new Promise((resolve) => {
        request({ socketPath, path }, (answer) => {
          let body = "";
          answer.on("data", (chunk) => {
            body += String(chunk);
          });
          answer.on("end", () => resolve(body));
        })
          .on("error", () => resolve(""))
          .end();
      });
    const daemon = spawn(fleetd[0], [fleetd[1]], {
      env: { ...process.env, ...environmentOf() },
      stdio: ["ignore", "pipe", "ignore"],
    });
    const ended = once(daemon, "close");
    let log = "";
    daemon.stdout.on("data", (chunk) => {
      log += String(chunk);
    });
    try {
      await until("both to be told", limits, async () => {
        const status = await ask("/fleet/v2/status");
        return status.includes(`ENOENT ${directory}/none`) && status.includes("http://127.0.0.1:1");
      });
    } finally {
      daemon.kill();
      await ended;
    }
    const warnings = log.split("\n").filter((line) => line.includes('"level":"warn"'));
    expect(warnings.filter((line) => line.includes("systemd"))).toHaveLength(1);
    expect(warnings.filter((line) => line.includes("cannot reach etcd either"))).toHaveLength(1);
  });
});

describe("etcd not there at start", () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await openLab({ name: "e2emissing" });
  });
  afterAll(async () => await lab.stop());

  it("says so once, serves 503 meanwhile, and joins when it comes", async () => {
    await lab.startEtcd();
    const checked = await run(["--check"], { FLEET_ETCD_SERVERS: lab.etcdUrl });
    expect(checked.stderr).toContain(`connect ENOENT ${directory}/none`);
    expect(checked.status).toBe(8);
    await lab.stopEtcd();
    const machine = fleetMachine(lab, 1);
    const apiPort = await lab.port("api m1", machine.address);
    await lab.startMachine({
      ...machine,
      daemon: fleetDaemon(lab, machine, { checkout, etcdUrl: lab.etcdUrl, apiPort }),
    });
    const url = `http://${machine.address}:${apiPort}/fleet/v1/machines`;
    await until("503", limits, async () => (await fetch(url).catch(() => undefined))?.status === 503);
    expect(await (await fetch(url)).text()).toBe(
      '{"error":{"code":503,"message":"fleet server unable to communicate with etcd"}}',
    );
    await lab.startEtcd();
    await until("200", limits, async () => (await fetch(url).catch(() => undefined))?.status === 200);
    await until("the machine to be listed", limits, async () =>
      (await (await fetch(url)).text()).includes(machine.machineId),
    );
    const log = await readFile(lab.logs("m1").daemon, "utf8");
    const complaints = log
      .split("\n")
      .filter((line) => line.includes('"level":"warn"') && line.includes("etcd"));
    expect(complaints).toHaveLength(1);
  });
});
