// fd-forward in front of a fleetd that is real: by itself, and on the bastion of a tunnel, as the original's --tunnel uses it.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, copyFileSync } from "node:fs";
import { join } from "node:path";
import { FleetCluster } from "@fleet/demo";
import { openLab } from "@fleet/lab";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Account, makeKey } from "../../support/account.js";
import { checkout } from "../../support/fleet.js";
import { startSshd, type TestSshd } from "../../support/sshd.js";

const bastionAddress = "127.0.0.3";
const machineAddress = "127.0.0.11";
const stops: (() => Promise<unknown>)[] = [];
let account: Account;
let bastion: TestSshd;
let cluster: FleetCluster;
let socket = "";

beforeAll(async () => {
  account = await Account.create();
  stops.unshift(() => account.remove());
  const copy = join(account.directory, "fleetctl.mjs");
  copyFileSync(`${checkout}/packages/fleetctl/dist/fleetctl.mjs`, copy);
  chmodSync(copy, 0o644);
  account.program("fleetctl", `exec node ${copy} "$@"\n`);
  const authorizedKeys = `${makeKey(account, "id_test")}.pub`;
  const addresses = [bastionAddress];
  bastion = await startSshd(account, { name: "bastion", addresses, authorizedKeys, path: account.path });
  const known = account.write("known_hosts", `[${bastionAddress}]:${bastion.port} ${bastion.hostKey}\n`);
  const lines = [
    `IdentityFile ${account.directory}/id_test`,
    "IdentitiesOnly yes",
    `UserKnownHostsFile ${known}`,
    "GlobalKnownHostsFile /dev/null",
  ];
  const configuration = account.write("ssh_config", `Host *\n${lines.join("\n")}\n`);
  account.program("ssh", `PATH=\${PATH#*:} exec ssh -F ${configuration} "$@"\n`);

  const lab = await openLab({ name: "e2efdforward" });
  stops.unshift(() => lab.stop());
  // The socket is where the ordinary user of the bastion may reach it.
  socket = join(account.directory, "fleet.sock");
  const port = await lab.port("api m1", machineAddress);
  const environment = {
    FLEET_LISTEN: `unix://${socket},http://${machineAddress}:${port}`,
    FLEET_SOCKET_MODE: "0666",
  };
  cluster = await FleetCluster.start(lab, { checkout, machines: 1, environment });
}, 240_000);

afterAll(async () => {
  for (const stop of stops) await stop();
});

/** Runs fd-forward as the user of the tests. @param input - Nothing more comes after it. */
async function forward(path: string, input: string): Promise<readonly [code: number, stdout: string]> {
  const child = spawn(`${checkout}/bin/fleetctl`, ["fd-forward", path], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  let stdout = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stdin.end(input);
  const [code] = (await once(child, "close")) as [number];
  return [code, stdout];
}

const machine = () => cluster.machines[0]?.machineId;

it("carries a request to fleetd, and its answer back after the end of the input", async () => {
  const request = (close: string) => `GET /fleet/v1/machines HTTP/1.1\r\nHost: fleet\r\n${close}\r\n`;
  for (const text of [request("Connection: close\r\n"), request("")]) {
    const [code, answer] = await forward(socket, text);
    expect(code).toBe(0);
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(answer).toContain(`{"machines":[{"id":"${machine()}","metadata":{"name":"m1"}`);
  }
});

it("carries requests one after the other over one connection", async () => {
  const path = (resource: string, more = "") =>
    `GET /fleet/v1/${resource} HTTP/1.1\r\nHost: fleet\r\n${more}\r\n`;
  const [code, answer] = await forward(socket, path("units") + path("state", "Connection: close\r\n"));
  expect([code, answer.match(/HTTP\/1\.1 200 OK\r\n/g)?.length]).toEqual([0, 2]);
});

it("says nothing when nothing is asked", async () => {
  expect(await forward(socket, "")).toEqual([0, ""]);
});

it("is what a tunnel finds on the bastion", async () => {
  const environment = {
    FLEETCTL_ENDPOINT: `unix://${socket}`,
    FLEETCTL_TUNNEL: `${bastionAddress}:${bastion.port}`,
  };
  const run = async (...args: readonly string[]) => await account.run(["fleetctl", ...args], { environment });
  const before = bastion.logins();
  expect(await run("list-machines", "--no-legend", "--full", "--fields=machine")).toEqual({
    status: 0,
    stdout: `${machine()}\n`,
    stderr: "",
  });
  expect(bastion.logins()).toBe(before + 1);
  account.write("hello.service", "[Service]\nExecStart=/bin/sleep 100000\n");
  const place = `${machine()?.slice(0, 8)}.../${machineAddress}`;
  expect(await run("start", "hello")).toEqual({
    status: 0,
    stdout: `Unit hello.service inactive\nUnit hello.service launched on ${place}\n`,
    stderr: "",
  });
  await cluster.waitForListedActive(["hello.service"]);
  expect(await run("list-units", "--no-legend")).toMatchObject({
    status: 0,
    stdout: `hello.service\t${place}\tactive\trunning\n`,
  });
  expect(await run("destroy", "hello")).toMatchObject({ status: 0, stdout: "Destroyed hello.service\n" });
});
