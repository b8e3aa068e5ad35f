// fleetd takes the sockets that systemd hands over, several of them, and answers on each.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:http";
import { createServer } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "@fleet/lab";
import { afterEach, beforeEach, expect, it } from "vitest";
import { checkout } from "../../support/fleet.js";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "fleet-activation-"));
});
afterEach(async () => await rm(directory, { recursive: true, force: true }));

// Some containers have no IPv6 at all; a third socket is then one more of IPv4.
const hasIpv6 = Object.values(networkInterfaces()).some((list) =>
  list?.some(({ family }) => family === "IPv6"),
);
const third = hasIpv6 ? { host: "::1", listen: "[::1]" } : { host: "127.0.0.2", listen: "127.0.0.2" };

async function freePort(host: string): Promise<number> {
  const server = createServer();
  await once(server.listen(0, host), "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

/** Asks for the status, which is answered without etcd and systemd, too. @returns the body, or "" for no answer. */
function status(where: { socketPath?: string; host?: string; port?: number }): Promise<string> {
  return new Promise((resolve) => {
    const asked = request({ host: "127.0.0.1", path: "/fleet/v2/status", ...where }, (answer) => {
      let body = "";
      answer.setEncoding("utf8").on("data", (part: string) => {
        body += part;
      });
      answer.on("end", () => resolve(body));
    });
    asked.on("error", () => resolve(""));
    asked.end();
  });
}

it.each([
  ["told to", { FLEET_LISTEN: "fd://" }],
  ["not told where to listen", {}],
])("answers on a unix socket, on TCP and on IPv6 that it was started with, %s", async (_, listen) => {
  const socketPath = join(directory, "fleet.sock");
  const port = await freePort("127.0.0.1");
  const thirdPort = await freePort(third.host);
  const options = {
    ...listen,
    FLEET_MACHINE_ID: "0123456789abcdef0123456789abcdef",
    FLEET_ETCD_SERVERS: "http://127.0.0.1:1",
    FLEET_SYSTEMD: `private:${directory}/systemd`,
    FLEET_UNITS_DIRECTORY: `${directory}/units`,
    FLEET_RUNTIME_DIRECTORY: `${directory}/run`,
    FLEET_STATE_DIRECTORY: `${directory}/state`,
    FLEET_ENVIRONMENT_FILE: `${directory}/environment`,
  };
  const child = spawn(
    "systemd-socket-activate",
    [
      `--listen=${socketPath}`,
      `--listen=127.0.0.1:${port}`,
      `--listen=${third.listen}:${thirdPort}`,
      ...Object.entries(options).map(([name, value]) => `--setenv=${name}=${value}`),
      process.execPath,
      `${checkout}/packages/fleetd/dist/fleetd.mjs`,
    ],
    { stdio: "ignore" },
  );
  try {
    // The first to connect has fleetd started; nobody's connection is refused meanwhile.
    const bodies: Record<string, string> = {};
    const places = { unix: { socketPath }, tcp: { port }, third: { host: third.host, port: thirdPort } };
    for (const [kind, where] of Object.entries(places)) {
      await until(`an answer over ${kind}`, { timeoutMs: 60_000, everyMs: 100 }, async () => {
        bodies[kind] = await status(where);
        return bodies[kind] !== "";
      });
    }
    for (const body of Object.values(bodies)) {
      expect(JSON.parse(body)).toMatchObject({ available: false, machineID: options.FLEET_MACHINE_ID });
    }
  } finally {
    const ended = once(child, "exit");
    child.kill();
    await ended;
  }
});
