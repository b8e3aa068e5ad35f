import { readFileSync } from "node:fs";
import { isFleetError } from "@fleet/core";
import { TcpProxy } from "@fleet/lab";
import { type EtcdStoreOptions, openEtcdStore, type Store } from "@fleet/registry";
import { Etcd3 } from "etcd3";
import { afterEach, describe, expect, test } from "vitest";
import { TestEtcd, type TestEtcdOptions } from "../support/etcd.js";
import { startEtcdCluster } from "../support/etcd-cluster.js";
import { systemClock } from "../support/system-clock.js";

const never = new AbortController().signal;
const file = (name: string) => new URL(`../support/tls/${name}`, import.meta.url).pathname;
const pem = (name: string) => readFileSync(file(name), "utf8");
const ca = pem("ca.pem");
const clientPair = { cert: pem("client.pem"), key: pem("client.key") };

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function startEtcd(options?: TestEtcdOptions): Promise<TestEtcd> {
  const etcd = await TestEtcd.start(options);
  cleanups.push(() => etcd.close());
  return etcd;
}

function open(options: Omit<EtcdStoreOptions, "clock">): Store {
  const store = openEtcdStore({ clock: systemClock, requestTimeoutMs: 2_000, ...options });
  cleanups.push(() => store.close());
  return store;
}

/** Reads, again while etcd is not up yet. @returns "read", or the error that stays. */
async function reading(store: Store): Promise<"read" | { code: string; text: string }> {
  let last: { code: string; text: string } | undefined;
  for (let attempt = 0; attempt < 10; attempt += 1) {
    try {
      await store.range({ key: "a" }, never);
      return "read";
    } catch (error) {
      if (!isFleetError(error)) throw error;
      last = { code: error.code, text: `${error.message} (${error.hint ?? "no hint"})` };
      if (error.code !== "unavailable") break;
      await systemClock.sleep(100, never);
    }
  }
  return last ?? "read";
}

const serverTls = { cert: file("server.pem"), key: file("server.key") };

describe("TLS", () => {
  test("a server whose certificate comes from our authority is believed, and no other", async () => {
    const etcd = await startEtcd({ tls: serverTls });
    const endpoints = [etcd.url];
    expect(await reading(open({ endpoints, tls: { ca } }))).toBe("read");
    const wrong = await reading(open({ endpoints, tls: { ca: pem("other-ca.pem") } }));
    expect(wrong).toMatchObject({ code: "unavailable", text: expect.stringMatching(/certificate/) });
    const none = await reading(open({ endpoints }));
    expect(none).toMatchObject({ code: "unavailable", text: expect.stringMatching(/certificate/) });
    const plain = await reading(open({ endpoints: [etcd.url.replace("https", "http")] }));
    expect(plain).toMatchObject({ code: "unavailable" });
  });

  test("a certificate for another address is refused", async () => {
    const etcd = await startEtcd({ tls: { cert: file("stranger.pem"), key: file("stranger.key") } });
    const refused = await reading(open({ endpoints: [etcd.url], tls: { ca } }));
    expect(refused).toMatchObject({ code: "unavailable", text: expect.stringMatching(/127\.0\.0\.1/) });
  });

  test("an etcd that asks for a client certificate gets ours, or refuses", async () => {
    const etcd = await startEtcd({ tls: { ...serverTls, clientCa: file("ca.pem") } });
    const endpoints = [etcd.url];
    expect(await reading(open({ endpoints, tls: { ca, ...clientPair } }))).toBe("read");
    expect(await reading(open({ endpoints, tls: { ca } }))).toMatchObject({ code: "unavailable" });
  });

  test("a client that speaks TLS to an etcd that does not says so", async () => {
    const etcd = await startEtcd();
    const answer = await reading(open({ endpoints: [etcd.url.replace("http", "https")], tls: { ca } }));
    expect(answer).toMatchObject({
      code: "unavailable",
      text: expect.stringMatching(/check the scheme of the endpoints/),
    });
  });

  test.each([
    ["a certificate without its key", { tls: { ca, cert: clientPair.cert } }, /needs its key/],
    ["a key without its certificate", { tls: { ca, key: clientPair.key } }, /needs its certificate/],
    ["certificates for plain endpoints", { endpoints: ["http://127.0.0.1:1"], tls: { ca } }, /not https/],
    ["mixed endpoints", { endpoints: ["http://127.0.0.1:1", "https://127.0.0.1:1"] }, /mix/],
    ["no endpoints", { endpoints: [] }, /no endpoint/],
    ["a path", { endpoints: ["http://127.0.0.1:1/v3"] }, /http:\/\/host:port/],
    ["what is not PEM", { tls: { ca: "/etc/ca.pem" } }, /not PEM/],
    ["a broken certificate", { tls: { ca: ca.replace("MII", "MIX") } }, /"ca" is not PEM/],
    ["another's key", { tls: { ca, cert: clientPair.cert, key: pem("server.key") } }, /not that of/],
    ["a name without a password", { credentials: { username: "fleet", password: "" } }, /both/],
  ])("%s is refused at once", (_, options, message) => {
    const attempt = () => open({ endpoints: ["https://127.0.0.1:1"], ...options });
    expect(attempt).toThrow(message);
    expect(attempt).toThrow(expect.objectContaining({ code: "invalid-argument" }));
  });
});

describe("user and password", () => {
  const credentials = { username: "root", password: "secret" };

  async function protect(etcd: TestEtcd): Promise<void> {
    const admin = new Etcd3({ hosts: etcd.url });
    const root = await admin.role("root").create();
    const user = await admin.user(credentials.username).create(credentials.password);
    await user.addRole(root);
    await admin.auth.authEnable();
    admin.close();
  }

  test("are needed where etcd asks for them, and must be right", async () => {
    const etcd = await startEtcd();
    const endpoints = [etcd.url];
    expect(await reading(open({ endpoints }))).toBe("read");
    await protect(etcd);
    expect(await reading(open({ endpoints, credentials }))).toBe("read");
    expect(await reading(open({ endpoints }))).toMatchObject({ code: "permission-denied" });
    const wrong = await reading(open({ endpoints, credentials: { ...credentials, password: "wrong" } }));
    expect(wrong).toMatchObject({ code: "permission-denied" });
  });

  test("are refused by an etcd that has no use for them", async () => {
    const etcd = await startEtcd();
    const answer = await reading(open({ endpoints: [etcd.url], credentials }));
    expect(answer).toMatchObject({ code: "permission-denied", text: expect.stringMatching(/disabled/) });
  });

  test("outlive a restart of etcd, which forgets who was logged in", async () => {
    const etcd = await startEtcd();
    await protect(etcd);
    const store = open({ endpoints: [etcd.url], credentials });
    const { revision } = await store.range({ key: "a" }, never);
    const seen: string[] = [];
    const stop = new AbortController();
    const follow = async (): Promise<void> => {
      while (!stop.signal.aborted) {
        await store
          .watch({ key: "a" }, revision + 1, stop.signal, ({ events }) => {
            for (const event of events) seen.push(event.kind);
          })
          .catch(() => store.range({ key: "a" }, never))
          .catch(() => undefined);
      }
    };
    const following = follow();
    await etcd.stop();
    await etcd.launch();
    expect(await reading(store)).toBe("read");
    await store.transact({ success: [{ kind: "put", key: "a", value: "1" }] }, never);
    while (seen.length === 0) await systemClock.sleep(10, never);
    stop.abort();
    await following;
    expect(seen).toEqual(["put"]);
  });
});

describe("several endpoints", () => {
  test("calls and watches go on at another when one dies, and writes are sent once", async () => {
    const members = await startEtcdCluster();
    cleanups.push(async () => {
      await Promise.all(members.map((member) => member.close()));
    });
    const store = open({ endpoints: members.map(({ url }) => url) });
    expect(await reading(store)).toBe("read");
    await members[0]?.stop("SIGKILL");
    expect(await reading(store)).toBe("read");
    let written = 0;
    for (let attempt = 0; attempt < 50; attempt += 1) {
      const write = store.transact({ success: [{ kind: "put", key: `k${attempt}`, value: "" }] }, never);
      written += await write.then(
        () => 1,
        () => 0,
      );
    }
    expect(written).toBe(50);
  });

  test("a watch on a member without a leader ends instead of waiting in silence", async () => {
    const members = await startEtcdCluster();
    cleanups.push(async () => {
      await Promise.all(members.map((member) => member.close()));
    });
    const [lonely, ...others] = members as [TestEtcd, ...TestEtcd[]];
    const store = open({ endpoints: [lonely.url] });
    expect(await reading(store)).toBe("read");
    const watching = store.watch({ key: "a" }, 1, never, () => undefined);
    const ended = watching.then(
      () => "resolved",
      (error: unknown) => (isFleetError(error) ? error.code : "foreign"),
    );
    await Promise.all(others.map((member) => member.stop("SIGKILL")));
    expect(await ended).toBe("unavailable");
  });

  test("a stalled endpoint is left after one time limit", async () => {
    const etcd = await startEtcd();
    const proxy = await TcpProxy.listen({ targetPort: etcd.port });
    cleanups.push(() => proxy.close());
    // Long enough that the first read stays with the first endpoint however busy the machine is.
    const store = open({ endpoints: [`http://127.0.0.1:${proxy.port}`, etcd.url], requestTimeoutMs: 5_000 });
    expect(await reading(store)).toBe("read");
    proxy.stall("both");
    const write = () => store.transact({ success: [{ kind: "put", key: "a", value: "" }] }, never);
    await expect(write()).rejects.toMatchObject({ code: "unavailable" });
    expect((await write()).succeeded).toBe(true);
    proxy.heal();
  });

  test("a renewal beside one that waits has a connection of its own, which the calls after it use", async () => {
    const etcd = await startEtcd();
    const proxy = await TcpProxy.listen({ targetPort: etcd.port });
    cleanups.push(() => proxy.close());
    // Longer than the test may take: nothing below is saved by a call that is given up.
    const store = open({ endpoints: [`http://127.0.0.1:${proxy.port}`], requestTimeoutMs: 600_000 });
    const leaseId = await store.grantLease(600, never);
    proxy.strand();
    const first = new AbortController();
    const stuck = store.keepAliveOnce(leaseId, first.signal).catch((error: unknown) => error);
    expect(await store.keepAliveOnce(leaseId, never)).toBe(600);
    expect(await reading(store)).toBe("read");
    first.abort("enough");
    expect(await stuck).toBe("enough");
  });

  test("renewals share a stream, and have another one after it broke", async () => {
    const etcd = await startEtcd();
    const proxy = await TcpProxy.listen({ targetPort: etcd.port });
    cleanups.push(() => proxy.close());
    const store = open({ endpoints: [`http://127.0.0.1:${proxy.port}`], requestTimeoutMs: 600_000 });
    const streams = async (): Promise<number> => {
      const metrics = await (await fetch(`${etcd.url}/metrics`)).text();
      const line = /^grpc_server_started_total\{grpc_method="LeaseKeepAlive".*\} (\d+)$/m.exec(metrics);
      return Number(line?.[1]);
    };
    const leases = await Promise.all([600, 700].map((ttlSeconds) => store.grantLease(ttlSeconds, never)));
    const renewals = () => Promise.all(leases.map((leaseId) => store.keepAliveOnce(leaseId, never)));
    for (let round = 0; round < 5; round += 1) expect(await renewals()).toEqual([600, 700]);
    expect(await streams()).toBe(1);
    proxy.cut();
    await expect(renewals()).rejects.toMatchObject({ code: "unavailable" });
    proxy.heal();
    expect(await reading(store)).toBe("read");
    expect(await renewals()).toEqual([600, 700]);
    expect(await streams()).toBe(2);
  });

  test("watches leave a stalled endpoint together with the call that found it dead", async () => {
    const etcd = await startEtcd();
    const proxy = await TcpProxy.listen({ targetPort: etcd.port });
    cleanups.push(() => proxy.close());
    const store = open({ endpoints: [`http://127.0.0.1:${proxy.port}`, etcd.url] });
    expect(await reading(store)).toBe("read");
    const watching = store.watch({ key: "a" }, 1, never, () => undefined);
    const ended = watching.catch((error: unknown) => (isFleetError(error) ? error.code : "foreign"));
    await store.transact({ success: [{ kind: "put", key: "b", value: "" }] }, never);
    proxy.stall("both");
    const pingedMs = systemClock.monotonic() + 10_000;
    expect(await reading(store)).toBe("read");
    expect(await ended).toBe("unavailable");
    // Nobody has waited for the transport to find it out.
    expect(systemClock.monotonic()).toBeLessThan(pingedMs);
    proxy.heal();
  });
});
