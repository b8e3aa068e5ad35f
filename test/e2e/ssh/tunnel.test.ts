// fleetctl on this side of a bastion: --tunnel to a unix socket and to an address, to machines behind it, and fd-forward.

import { once } from "node:events";
import { chmodSync, renameSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { until } from "@fleet/lab";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { RemoteCluster } from "../../support/remote-cluster.js";

let cluster: RemoteCluster;
beforeAll(async () => {
  cluster = await RemoteCluster.start();
}, 240_000);
afterAll(async () => await cluster?.stop());
beforeEach(() => cluster.configureSsh());

const tunnel = () => `--tunnel=127.0.0.3:${cluster.bastion.port}`;
const table = "113f16a7...\t127.0.0.1\t-\n85c0c595...\t127.0.0.2\t-\n";

describe("--tunnel", () => {
  it("reaches a unix socket through fd-forward, with one login for the whole command", async () => {
    const before = cluster.bastion.logins();
    expect(await cluster.fleetctl([tunnel(), "list-machines", "--no-legend"])).toEqual({
      status: 0,
      stdout: table,
      stderr: "",
    });
    expect(cluster.bastion.logins()).toBe(before + 1);
    const text = "[Service]\nExecStart=/bin/true\n";
    for (const name of ["a", "b", "c"]) cluster.account.write(`${name}.service`, text);
    const started = await cluster.fleetctl(["start", "a", "b", "c"], {
      environment: { FLEETCTL_TUNNEL: `127.0.0.3:${cluster.bastion.port}` },
    });
    expect(started).toMatchObject({ status: 0, stderr: "" });
    expect(started.stdout.match(/^Unit \w.service launched on /gm)).toHaveLength(3);
    expect(cluster.bastion.logins()).toBe(before + 2);
    // It asks two questions at once.
    const listed = await cluster.fleetctl([
      tunnel(),
      "list-units",
      "--no-legend",
      "--fields=unit,sub,machine",
    ]);
    expect(listed.stdout.match(/^\w.service\trunning\t\w{8}\.\.\./gm)).toHaveLength(3);
    expect(cluster.bastion.logins()).toBe(before + 3);
  });

  it("breaks under Ctrl-C together with fleetctl, which says what becomes of the units", async () => {
    cluster.account.write("slow.service", "[Service]\nExecStart=/bin/true\n");
    cluster.autopilot.behaviours.set("slow.service", "hangs");
    const starting = cluster.account.start(
      ["script", "-qec", `fleetctl ${tunnel()} start slow`, "/dev/null"],
      { environment: { FLEETCTL_ENDPOINT: `unix://${cluster.socket}` } },
    );
    let printed = "";
    starting.stdout?.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
    });
    await until("the start", { timeoutMs: 30_000 }, async () => printed.includes("slow.service launched"));
    starting.stdin?.write("\x03");
    const [code] = (await once(starting, "close")) as [number | null];
    expect([code, printed]).toEqual([
      130,
      expect.stringMatching(/Stopped waiting. The units stay wanted launched; see fleetctl list-units\r\n$/),
    ]);
  });

  it("reaches an address as the bastion sees it", async () => {
    const before = cluster.bastion.logins();
    const environment = { FLEETCTL_ENDPOINT: cluster.url };
    expect(await cluster.fleetctl([tunnel(), "list-machines", "--no-legend"], { environment })).toEqual({
      status: 0,
      stdout: table,
      stderr: "",
    });
    expect(cluster.bastion.logins()).toBe(before + 1);
  });

  it("goes on to the next endpoint when nothing is behind the first", async () => {
    const environment = { FLEETCTL_ENDPOINT: `unix:///nonexistent.sock,unix://${cluster.socket}` };
    expect(await cluster.fleetctl([tunnel(), "list-machines", "--no-legend"], { environment })).toMatchObject(
      { status: 0, stdout: table },
    );
  });

  it("goes on to the next address, too, though ssh ends alike for a bad address and a bad bastion", async () => {
    const environment = { FLEETCTL_ENDPOINT: `http://127.0.0.1:1,${cluster.url}` };
    expect(await cluster.fleetctl([tunnel(), "list-machines", "--no-legend"], { environment })).toMatchObject(
      { status: 0, stdout: table },
    );
  });

  it.each(["unix:///a.sock,unix:///b.sock,unix:///c.sock", "http://127.0.0.1:1,http://127.0.0.1:2"])(
    "tells once of a bastion that lets nobody in: %s",
    async (FLEETCTL_ENDPOINT) => {
      const line = [tunnel(), "--ssh-username=stranger", "list-machines"];
      const { status, stderr } = await cluster.fleetctl(line, { environment: { FLEETCTL_ENDPOINT } });
      expect([status, stderr.match(/Permission denied/g)]).toEqual([1, ["Permission denied"]]);
    },
  );

  it("leads to machines too, with both hosts' keys checked", async () => {
    await cluster.fleetctl([tunnel(), "start", "a"]);
    const before = [cluster.bastion.logins(), cluster.sshd.logins()];
    const flags = [tunnel(), `--ssh-port=${cluster.sshd.port}`];
    expect(await cluster.fleetctl([...flags, "status", "a"])).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^systemctl <status> <-l> <a.service> at 127.0.0.\d\n$/),
    });
    expect([cluster.bastion.logins(), cluster.sshd.logins()]).toEqual([
      (before[0] ?? 0) + 2,
      (before[1] ?? 0) + 1,
    ]);
    const file = cluster.account.write("home/known%hosts", "");
    const asked = await cluster.fleetctl([...flags, `--known-hosts-file=${file}`, "ssh", "113f", "true"]);
    expect(asked).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("Host key verification failed"),
    });
    const bastion = `[127.0.0.3]:${cluster.bastion.port} ${cluster.bastion.hostKey}\n`;
    cluster.account.write("home/known%hosts", bastion);
    const half = await cluster.fleetctl([...flags, `--known-hosts-file=${file}`, "ssh", "113f", "true"]);
    expect(half).toMatchObject({
      status: 255,
      stderr: expect.stringContaining("Host key verification failed"),
    });
    expect([cluster.bastion.logins(), cluster.sshd.logins()]).toEqual([
      (before[0] ?? 0) + 4,
      (before[1] ?? 0) + 1,
    ]);
    const machine = `[127.0.0.1]:${cluster.sshd.port} ${cluster.sshd.hostKey}\n`;
    cluster.account.write("home/known%hosts", bastion + machine);
    const both = await cluster.fleetctl([...flags, `--known-hosts-file=${file}`, "ssh", "113f", "exit 7"]);
    expect(both).toEqual({ status: 7, stdout: "", stderr: "" });
  });

  it("says why it fails: nobody is let in", async () => {
    const refused = await cluster.fleetctl([tunnel(), "--ssh-username=stranger", "list-machines"]);
    expect(refused.status).toBe(1);
    expect(refused.stderr).toMatch(
      /^\S*stranger@127.0.0.3: Permission denied \(publickey\)\.\r?\nError retrieving list of active machines: .*: the tunnel through 127.0.0.3:\d+ has failed: ssh ended with status 255\nHint: what ssh said/,
    );
  });

  it("says why it fails: no daemon, no fleetctl on the bastion", async () => {
    const nobody = { FLEETCTL_ENDPOINT: "unix:///nonexistent.sock" };
    const dead = await cluster.fleetctl([tunnel(), "list-machines"], { environment: nobody });
    expect(dead.status).toBe(1);
    expect(dead.stderr).toMatch(
      /^Failed dialing remote address: dial unix \/nonexistent.sock: connect: no such file or directory\nError retrieving .* ssh ended with status 1\nHint: what went wrong on 127.0.0.3:\d+ stands above\n$/,
    );
    cluster.account.program("fleetctl-here", `exec node ${cluster.account.directory}/fleetctl.mjs "$@"\n`);
    const path = join(cluster.account.bin, "fleetctl");
    renameSync(path, `${path}-away`);
    try {
      const environment = { FLEETCTL_ENDPOINT: `unix://${cluster.socket}` };
      const without = await cluster.account.run(["fleetctl-here", tunnel(), "list-machines"], {
        environment,
      });
      expect(without).toMatchObject({
        status: 1,
        stderr: expect.stringContaining("Hint: fleetctl has to be on"),
      });
    } finally {
      renameSync(`${path}-away`, path);
    }
  });
});

describe("fd-forward", () => {
  const servers: Server[] = [];
  afterAll(() => {
    for (const server of servers) server.close();
  });
  const listen = async (name: string, serve: Parameters<typeof createServer>[1]): Promise<string> => {
    const path = join(cluster.account.directory, name);
    const server = createServer({ allowHalfOpen: true }, serve).listen(path);
    await once(server, "listening");
    chmodSync(path, 0o777);
    servers.push(server);
    return path;
  };

  it("hands the end of its input on and waits for the answer", async () => {
    const path = await listen("late.sock", (socket) => {
      const chunks: Buffer[] = [];
      socket.on("data", (chunk) => chunks.push(chunk));
      socket.on("end", () => socket.end(`${Buffer.concat(chunks)} and more`));
    });
    expect(await cluster.fleetctl(["fd-forward", path], { input: "everything" })).toEqual({
      status: 0,
      stdout: "everything and more",
      stderr: "",
    });
    expect(await cluster.fleetctl(["fd-forward", path])).toMatchObject({ status: 0, stdout: " and more" });
  });

  it("ends with the other side, though its own input goes on, and loses nothing of a long answer", async () => {
    const answer = "0123456789".repeat(200_000);
    const path = await listen("early.sock", (socket) => socket.end(answer));
    const { account } = cluster;
    const forward = account.start(["fleetctl", "fd-forward", path]);
    let length = 0;
    forward.stdout?.on("data", (chunk: Buffer) => {
      length += chunk.length;
    });
    expect(await once(forward, "close")).toEqual([0, null]);
    expect(length).toBe(answer.length);
  });

  it("fails if nobody listens", async () => {
    const stale = join(cluster.account.directory, "stale.sock");
    writeFileSync(stale, "");
    chmodSync(stale, 0o777);
    expect(await cluster.fleetctl(["fd-forward", stale])).toEqual({
      status: 1,
      stdout: "",
      stderr: `Failed dialing remote address: dial unix ${stale}: connect: connection refused\n`,
    });
  });
});
