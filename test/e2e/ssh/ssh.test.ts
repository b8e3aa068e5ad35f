// fleetctl on the machines of a cluster, through a real OpenSSH and as an ordinary user: shells, commands, status, journal,
// and what ssh's own configuration has to say.

import { once } from "node:events";
import { readFileSync } from "node:fs";
import { until } from "@fleet/lab";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { RemoteCluster, remoteMachines } from "../../support/remote-cluster.js";

const limits = { timeoutMs: 30_000, everyMs: 20 };
const service = "[Service]\nExecStart=/bin/true\n";
let cluster: RemoteCluster;

beforeAll(async () => {
  cluster = await RemoteCluster.start();
  const { account } = cluster;
  for (const name of ["a", "failing", "unknown", "odd\\x2dname"]) account.write(`${name}.service`, service);
  account.write("glob.service", `${service}[X-Fleet]\nGlobal=true\n`);
  const started = await cluster.fleetctl(["start", "a", "failing", "unknown", "odd\\x2dname", "glob"]);
  expect(started, started.stderr).toMatchObject({ status: 0 });
}, 240_000);
afterAll(async () => await cluster?.stop());
beforeEach(() => cluster.configureSsh());

const port = () => `--ssh-port=${cluster.sshd.port}`;
/** Where the machine of a unit is. */
const addressOf = (unit: string): string => {
  for (const [id, address] of remoteMachines) {
    if (cluster.api.cluster.seats.get(id as never)?.has(unit as never)) return address;
  }
  throw new Error(`${unit} is nowhere`);
};

describe("ssh", () => {
  it("runs a command and ends with its status", async () => {
    expect(await cluster.fleetctl(["ssh", port(), "113f", "echo foo; exit 7"])).toEqual({
      status: 7,
      stdout: "foo\n",
      stderr: "",
    });
  });

  it("hands flags of the command, its input and its stderr through", async () => {
    expect(await cluster.fleetctl(["ssh", port(), "113f", "ls", "-d", "/tmp"])).toMatchObject({
      status: 0,
      stdout: "/tmp\n",
    });
    expect(
      await cluster.fleetctl(["ssh", port(), "-u", "a", "--", "tr a-z A-Z; echo done >&2"], {
        input: "hello\n",
      }),
    ).toEqual({ status: 0, stdout: "HELLO\n", stderr: "done\n" });
  });

  it("ends with the status of the shell", async () => {
    const shell = await cluster.fleetctl(["ssh", port(), "113f"], {
      input: "echo on $SSH_CONNECTION\nexit 7\n",
    });
    expect(shell.status).toBe(7);
    expect(shell.stdout).toContain(` 127.0.0.1 ${cluster.sshd.port}\n`);
  });

  it("ends with 255 and ssh's own words if nobody is let in", async () => {
    expect(await cluster.fleetctl(["ssh", port(), "--ssh-username=stranger", "113f", "true"])).toMatchObject({
      status: 255,
      stderr: expect.stringContaining("Permission denied (publickey)"),
    });
    expect(await cluster.fleetctl(["ssh", "--ssh-port=1", "113f", "true"])).toMatchObject({
      status: 255,
      stderr: expect.stringContaining("Connection refused"),
    });
  });

  it("says what to install without an ssh", async () => {
    const environment = { PATH: `${cluster.account.directory}/nothing` };
    const node = process.getuid?.() === 0 ? `${cluster.account.directory}/node` : process.execPath;
    const bundle = `${cluster.account.directory}/fleetctl.mjs`;
    const without = await cluster.account.run(
      ["/usr/bin/env", `PATH=${environment.PATH}`, node, bundle, "ssh", "113f"],
      { environment: { FLEETCTL_ENDPOINT: `unix://${cluster.socket}` } },
    );
    expect(without).toMatchObject({
      status: 255,
      stderr:
        "Failed building SSH client: cannot run ssh: there is no such program\n" +
        "Hint: install OpenSSH's client (Debian: apt-get install openssh-client)\n",
    });
  });

  it("gives a command a terminal if there is one", async () => {
    const line = `fleetctl ssh ${port()} 113f tty`;
    const inTerminal = await cluster.account.run(["script", "-qec", line, "/dev/null"], {
      environment: { FLEETCTL_ENDPOINT: `unix://${cluster.socket}` },
    });
    expect(inTerminal.stdout).toMatch(/\/dev\/pts\/\d+/);
    expect((await cluster.fleetctl(["ssh", port(), "113f", "tty"])).stdout).toBe("not a tty\n");
  });
});

describe("status", () => {
  it("shows all units and ends with the highest status", async () => {
    const { status, stdout } = await cluster.fleetctl(["status", port(), "failing", "a"]);
    expect([status, stdout]).toEqual([
      3,
      `systemctl <status> <-l> <failing.service> at ${addressOf("failing.service")}\n\n` +
        `systemctl <status> <-l> <a.service> at ${addressOf("a.service")}\n`,
    ]);
  });

  it("shows a global unit wherever it is", async () => {
    const { status, stdout } = await cluster.fleetctl(["status", port(), "glob"]);
    expect(status).toBe(0);
    expect(stdout.match(/^systemctl .* at .*$/gm)).toEqual([
      "systemctl <status> <-l> <glob.service> at 127.0.0.1",
      "systemctl <status> <-l> <glob.service> at 127.0.0.2",
    ]);
  });

  it("keeps a backslash from the remote shell", async () => {
    expect((await cluster.fleetctl(["status", port(), "odd\\x2dname"])).stdout).toContain(
      "<odd\\x2dname.service>",
    );
  });

  it("says what the cluster knows where systemd does not know the unit, as in the demo", async () => {
    const { status, stderr } = await cluster.fleetctl(["status", port(), "unknown"]);
    expect(status).toBe(4);
    expect(stderr).toMatch(
      /^The cluster knows: unit unknown.service on .* is loaded, active \(running\)\nHint: 127.0.0.\d is an address of this host itself/,
    );
    const unreachable = await cluster.fleetctl(["status", "--ssh-port=1", "a"]);
    expect(unreachable.status).toBe(255);
    expect(unreachable.stderr).toMatch(
      /Connection refused\r?\nUnable to SSH to remote host .*\nThe cluster knows: unit a.service .*\nHint: /,
    );
  });
});

describe("journal", () => {
  it("asks journalctl, and no shell reads its arguments", async () => {
    expect(
      await cluster.fleetctl(["journal", port(), "--lines=5", "--output=$(id) `id`", "a"]),
    ).toMatchObject({
      status: 0,
      stdout: `journalctl <--unit> <a.service> <--no-pager> <-n> <5> <--output> <$(id) \`id\`> at ${addressOf("a.service")}\n`,
    });
    expect((await cluster.fleetctl(["journal", port(), "--sudo", "a"])).stdout).toMatch(
      /^sudo <journalctl> <--unit>/,
    );
  });

  it("follows until Ctrl-C is pressed on its terminal", async () => {
    const line = `fleetctl journal ${port()} -f a`;
    const following = cluster.account.start(["script", "-qec", line, "/dev/null"], {
      environment: { FLEETCTL_ENDPOINT: `unix://${cluster.socket}` },
    });
    let printed = "";
    following.stdout?.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
    });
    await until("the journal", limits, async () => printed.includes("<-f> at "));
    following.stdin?.write("\x03");
    const [code] = (await once(following, "close")) as [number | null];
    expect([code, printed]).toEqual([130, expect.not.stringContaining("Unable")]);
  });

  it("follows until it is interrupted, and leaves no ssh behind", async () => {
    const { account } = cluster;
    const environment = { FLEETCTL_ENDPOINT: `unix://${cluster.socket}` };
    const following = account.start(
      ["node", `${account.directory}/fleetctl.mjs`, "journal", port(), "-f", "a"],
      {
        environment,
      },
    );
    let printed = "";
    following.stdout?.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
    });
    await until("the journal", limits, async () => printed.includes("<-f> at "));
    const logins = cluster.sshd.log();
    following.kill("SIGINT");
    const [code] = (await once(following, "close")) as [number | null];
    expect(code).toBe(130);
    await until("sshd to see the end", limits, async () =>
      cluster.sshd.log().slice(logins.length).includes("isconnect"),
    );
  });
});

describe("ssh's own configuration", () => {
  it("gives what fleetctl is not told: user, port, key", async () => {
    cluster.configureSsh(`Host 127.0.0.1\nPort ${cluster.sshd.port}\nUser ${cluster.account.name}\n`);
    expect(await cluster.fleetctl(["ssh", "113f", "echo hello"])).toMatchObject({
      status: 0,
      stdout: "hello\n",
    });
  });

  it("leads over a jump host", async () => {
    const before = cluster.bastion.logins();
    const jump = `ProxyJump ${cluster.account.name}@127.0.0.3:${cluster.bastion.port}`;
    cluster.configureSsh(`Host 127.0.0.1\nPort ${cluster.sshd.port}\n${jump}\n`);
    expect(await cluster.fleetctl(["ssh", "113f", "echo hello"])).toMatchObject({ stdout: "hello\n" });
    expect(cluster.bastion.logins()).toBe(before + 1);
  });

  it("may have commands for people, which fleetctl's own do not meet", async () => {
    cluster.configureSsh("Host 127.0.0.*\nRemoteCommand echo hello\nRequestTTY force\n");
    expect((await cluster.fleetctl(["status", port(), "a"])).stdout).toMatch(/^systemctl <status>/);
    expect((await cluster.fleetctl(["ssh", port(), "113f", "echo mine"])).stdout).toContain("mine");
  });

  it("and an agent, which is forwarded only when asked to", async () => {
    const { account } = cluster;
    const socket = `${account.directory}/agent`;
    const agent = account.start(["ssh-agent", "-D", "-a", socket]);
    const environment = { SSH_AUTH_SOCK: socket, FLEETCTL_ENDPOINT: `unix://${cluster.socket}` };
    await until("the agent", limits, async () => {
      const added = await account.run(["ssh-add", `${account.directory}/id_test`], { environment });
      return added.status === 0;
    });
    account.write("home/.ssh/config", readConfig().replace(/^Identit.*\n/gm, ""));
    const ask = async (...flags: readonly string[]) =>
      await cluster.fleetctl(["ssh", port(), ...flags, "113f", "ssh-add -l"], { environment });
    expect(await ask("-A")).toMatchObject({
      stdout: expect.stringMatching(/^256 SHA256:\S+ id_test \(ED25519\)\n$/),
      stderr: "",
    });
    expect((await ask()).status).toBe(2);
    const closed = once(agent, "close");
    agent.kill();
    await closed;
  });
});

describe("host keys", () => {
  const forget = () => cluster.account.write("home/.ssh/known_hosts", "");

  it("that are unknown are refused where nobody can be asked", async () => {
    forget();
    expect(await cluster.fleetctl(["ssh", port(), "113f", "true"])).toMatchObject({
      status: 255,
      stderr: expect.stringContaining("Host key verification failed."),
    });
  });

  it("are neither checked nor kept with --strict-host-key-checking=false", async () => {
    const wrong = `[127.0.0.1]:${cluster.sshd.port} ${cluster.bastion.hostKey}\n`;
    const file = cluster.account.write("home/.ssh/known_hosts", wrong);
    expect(
      await cluster.fleetctl(["ssh", port(), "--strict-host-key-checking=false", "113f", "echo in"]),
    ).toEqual({ status: 0, stdout: "in\n", stderr: "" });
    expect(readFileSync(file, "utf8")).toBe(wrong);
    expect(await cluster.fleetctl(["ssh", port(), "113f", "echo in"])).toMatchObject({
      status: 255,
      stderr: expect.stringContaining("REMOTE HOST IDENTIFICATION HAS CHANGED"),
    });
  });

  it("are asked about on a terminal, and kept in the file that is named", async () => {
    forget();
    const file = `${cluster.account.home}/my hosts`;
    const flags = `--known-hosts-file='${file}'`;
    const asking = cluster.account.start(
      ["script", "-qec", `fleetctl ssh ${port()} ${flags} 113f echo in`, "/dev/null"],
      { environment: { FLEETCTL_ENDPOINT: `unix://${cluster.socket}` } },
    );
    let printed = "";
    asking.stdout?.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
    });
    await until("the question", limits, async () => printed.includes("Are you sure you want to continue"));
    expect(printed).toMatch(/ED25519 key fingerprint is SHA256:/);
    asking.stdin?.write("yes\n");
    const [code] = (await once(asking, "close")) as [number | null];
    expect([code, printed]).toEqual([0, expect.stringMatching(/\bin\r?\n/)]);
    expect(readFileSync(file, "utf8")).toContain(cluster.sshd.hostKey.split(" ")[1]);
    const again = await cluster.fleetctl(["ssh", port(), `--known-hosts-file=${file}`, "113f", "echo in"]);
    expect(again).toMatchObject({ status: 0, stdout: "in\n" });
  });
});

function readConfig(): string {
  return readFileSync(`${cluster.account.home}/.ssh/config`, "utf8");
}
