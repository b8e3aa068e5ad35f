import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, copyFileSync, existsSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { type ApiHarness, createApiHarness } from "../../packages/api/src/testing/api-harness.js";
import { Autopilot } from "../../packages/api/src/testing/autopilot.js";
import { Account, type Ended, makeKey, type RunAs } from "./account.js";
import { checkout } from "./fleet.js";
import { startSshd, type TestSshd } from "./sshd.js";

/** The machines: their ids, and loopback addresses that one sshd listens on. */
export const remoteMachines = [
  ["113f16a7a2a54b6a8c8dbba2b45e1f01", "127.0.0.1"],
  ["85c0c595fc6d4e7a8f6a3c3a3c1b2d02", "127.0.0.2"],
] as const;

/**
 * A real fleetctl and real sshds around a cluster that is pretended: what is under test lies between them. The machines'
 * `systemctl` and `journalctl` print what they were called with, and where.
 */
export class RemoteCluster {
  readonly account: Account;
  readonly api: ApiHarness;
  /** Of the machines. */
  readonly sshd: TestSshd;
  /** The only way to the API, in the eyes of a test that uses it. */
  readonly bastion: TestSshd;
  /** Where the API listens. */
  readonly socket: string;
  readonly url: string;
  readonly #servers: readonly Server[];
  /** What becomes of units. */
  readonly autopilot: Autopilot;

  private constructor(
    account: Account,
    api: ApiHarness,
    sshds: readonly [TestSshd, TestSshd],
    servers: readonly [Server, Server],
  ) {
    this.account = account;
    this.api = api;
    [this.sshd, this.bastion] = sshds;
    this.#servers = servers;
    this.socket = join(account.directory, "fleet.sock");
    this.url = `http://127.0.0.1:${(servers[1].address() as AddressInfo).port}`;
    this.autopilot = new Autopilot(api.cluster);
  }

  /** Starts everything. */
  static async start(): Promise<RemoteCluster> {
    const bundle = `${checkout}/packages/fleetctl/dist/fleetctl.mjs`;
    if (!existsSync(bundle)) throw new Error("there is no bundle to test: npm run build");
    const account = await Account.create();
    try {
      const copy = join(account.directory, "fleetctl.mjs");
      copyFileSync(bundle, copy);
      chmodSync(copy, 0o644);
      account.program("fleetctl", `exec node ${copy} "$@"\n`);
      for (const name of ["systemctl", "journalctl", "sudo"]) account.program(name, pretendProgram(name));
      const authorizedKeys = `${makeKey(account, "id_test")}.pub`;
      const shared = { authorizedKeys, path: account.path };
      const sshd = await startSshd(account, {
        ...shared,
        name: "machines",
        addresses: remoteMachines.map(([, address]) => address),
      });
      const bastion = await startSshd(account, { ...shared, name: "bastion", addresses: ["127.0.0.3"] });
      const api = createApiHarness();
      for (const [id, address] of remoteMachines) api.cluster.addMachine(id, address);
      const cluster = new RemoteCluster(account, api, [sshd, bastion], await serve(account, api));
      cluster.configureSsh();
      return cluster;
    } catch (error) {
      await account.remove();
      throw error;
    }
  }

  /** Writes the account's ssh configuration: the test's key, and known_hosts with the hosts' keys. */
  configureSsh(more = ""): void {
    const { account, bastion, sshd } = this;
    const known = [
      ...remoteMachines.map(([, address]) => `[${address}]:${sshd.port} ${sshd.hostKey}`),
      `[127.0.0.3]:${bastion.port} ${bastion.hostKey}`,
    ];
    const hosts = account.write("home/.ssh/known_hosts", `${known.join("\n")}\n`);
    const identity = `IdentityFile ${account.directory}/id_test\nIdentitiesOnly yes\n`;
    const text = `${more}Host *\n${identity}UserKnownHostsFile ${hosts}\nGlobalKnownHostsFile /dev/null\n`;
    const configuration = account.write("home/.ssh/config", text);
    // ssh looks for its configuration in the home of the password file, which for a real user is not ours.
    const ssh = execFileSync("sh", ["-c", "command -v ssh"], { encoding: "utf8" }).trim();
    account.program("ssh", `exec ${ssh} -F ${configuration} "$@"\n`);
  }

  /** Runs fleetctl as the account, with the API's socket for its endpoint and the port of the machines' sshd. */
  async fleetctl(args: readonly string[], options: RunAs = {}): Promise<Ended> {
    const environment = { FLEETCTL_ENDPOINT: `unix://${this.socket}`, ...options.environment };
    return await this.account.run(["fleetctl", ...args], { ...options, environment });
  }

  /** Ends everything. */
  async stop(): Promise<void> {
    this.autopilot.stop();
    for (const server of this.#servers) {
      server.closeAllConnections();
      server.close();
    }
    await this.account.remove();
  }
}

/** Prints its name, its arguments one by one, and the address it was reached at; ends as a file beside it says. */
function pretendProgram(name: string): string {
  return (
    `printf '${name}'; printf ' <%s>' "$@"; echo " at $(echo $SSH_CONNECTION | cut -d ' ' -f 3)"\n` +
    `case "$*" in *failing*) exit 3;; *unknown*) exit 4;; *-f) exec sleep 1000;; esac\n`
  );
}

async function serve(account: Account, api: ApiHarness): Promise<readonly [Server, Server]> {
  const socket = join(account.directory, "fleet.sock");
  const local = createServer(api.server.listener).listen(socket);
  await once(local, "listening");
  chmodSync(socket, 0o777);
  const tcp = createServer(api.server.listener).listen(0, "127.0.0.1");
  await once(tcp, "listening");
  return [local, tcp];
}
