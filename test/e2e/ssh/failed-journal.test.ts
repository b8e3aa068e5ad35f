// The end of the journal of a unit that fails to start, fetched through a real OpenSSH as an ordinary user: shown where that
// is possible without a word, and never waited for or asked about.

import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { RemoteCluster, remoteMachines } from "../../support/remote-cluster.js";

let cluster: RemoteCluster;
/** Takes connections, and says nothing. */
let silent: Server;
const addresses = remoteMachines.map(([, address]) => address).join(" ");

beforeAll(async () => {
  cluster = await RemoteCluster.start();
  cluster.account.write("bad.service", "[Service]\nExecStart=/bin/false\n");
  cluster.autopilot.behaviours.set("bad.service", "fails");
  silent = createServer().listen(0, "127.0.0.1");
  await once(silent, "listening");
}, 240_000);
afterAll(async () => {
  silent?.close();
  await cluster?.stop();
});
beforeEach(async () => {
  cluster.configureSsh(`Host ${addresses}\nPort ${cluster.sshd.port}\n`);
  await cluster.fleetctl(["destroy", "bad"]);
});

const failure = /^Error waiting .*: unit bad\.service failed \(failed\/failed, job result failed\)\n/;
const hint = /\nHint: to see why: fleetctl journal bad\.service\n$/;

describe("the journal of a unit that fails to start", () => {
  it("is shown", async () => {
    const { status, stderr } = await cluster.fleetctl(["start", "bad"]);
    expect(status).toBe(1);
    expect(stderr).toMatch(failure);
    expect(stderr).toMatch(
      /\nThe journal of unit bad\.service on \w{8}\.\.\.\/127\.0\.0\.\d ends with:\n {2}journalctl <--unit> <bad\.service> <--no-pager> <--quiet> <-n> <10> <--output> <short> at 127\.0\.0\.\d\n$/,
    );
  });

  it("is shown through a tunnel", async () => {
    const before = cluster.bastion.logins();
    const tunnel = `--tunnel=127.0.0.3:${cluster.bastion.port}`;
    const { status, stderr } = await cluster.fleetctl(["start", tunnel, "bad"]);
    expect(status, stderr).toBe(1);
    expect(stderr).toMatch(/ends with:\n {2}journalctl <--unit>/);
    // Once for the API, and once on the way to the machine.
    expect(cluster.bastion.logins()).toBe(before + 2);
  });

  it("is not asked for on request", async () => {
    const before = cluster.sshd.logins();
    const { status, stderr } = await cluster.fleetctl(["start", "--no-journal", "bad"]);
    expect([status, stderr.replace(failure, "")]).toEqual([1, ""]);
    expect(cluster.sshd.logins()).toBe(before);
  });

  it("is named where nobody listens", async () => {
    cluster.configureSsh(`Host ${addresses}\nPort 1\n`);
    const { status, stderr } = await cluster.fleetctl(["start", "bad"]);
    expect([status, stderr]).toEqual([1, expect.stringMatching(hint)]);
    expect(stderr).not.toContain("refused");
  });

  it("is named where nobody answers", async () => {
    const address = silent.address();
    const port = typeof address === "object" ? address?.port : undefined;
    cluster.configureSsh(`Host ${addresses}\nHostName 127.0.0.1\nPort ${port}\n`);
    const { status, stderr } = await cluster.fleetctl(["start", "bad"]);
    expect([status, stderr]).toEqual([1, expect.stringMatching(hint)]);
  });

  it("asks nobody about a host that is not known, not even on a terminal", async () => {
    cluster.account.write("home/.ssh/known_hosts", "");
    const shown = await cluster.account.run(["script", "-qec", "fleetctl start bad", "/dev/null"], {
      environment: { FLEETCTL_ENDPOINT: `unix://${cluster.socket}` },
    });
    expect(shown.status).toBe(1);
    expect(shown.stdout).toContain("Hint: to see why: fleetctl journal bad.service");
    expect(shown.stdout).not.toContain("Are you sure");
  });
});
