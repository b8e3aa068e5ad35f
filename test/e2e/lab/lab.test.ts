// Two real machines: boot, units, power cut, freeze, daemon, and nothing left behind.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { attachLab, type Lab, LabError, openLab, preflight, until } from "@fleet/lab";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const missing = preflight({ bus: true }).filter(({ required }) => required);
const name = "labtest";
const words = ["plain", "two words", 'quo"ted', `dollar $HOME ${"$"}{HOME}`, "percent %h %%", "back\\slash"];
const daemon = {
  command: [
    "/bin/sh",
    "-c",
    'printf "%s|" "$VALUE" "$@" >"$XDG_RUNTIME_DIR/argv"; exec sleep infinity',
    "sh",
    ...words,
  ],
  environment: { VALUE: 'a "b" $HOME %h \\ c' },
} as const;
const hello = "[Service]\nExecStart=/bin/sh -c 'echo hello from the unit; exec sleep infinity'\n";
const waiting = { timeoutMs: 20_000 };

function mountsOfLab(): string[] {
  const text = readFileSync("/proc/self/mountinfo", "utf8");
  return text.split("\n").filter((line) => line.includes("fleet-lab"));
}

function wordsOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, "latin1") + readFileSync(`/proc/${pid}/cmdline`, "latin1");
  } catch {
    return "";
  }
}

// Every process of a lab has one of its directories in its environment or command line.
function processesOf({ directory, dataDirectory }: { directory: string; dataDirectory: string }): number[] {
  const pids = readdirSync("/proc").map(Number).filter(Number.isInteger);
  return pids.filter((pid) => [directory, dataDirectory].some((path) => wordsOf(pid).includes(`${path}/`)));
}

function cgroupsOfLab(): string[] {
  const found = spawnSync("find", [
    ...["/sys/fs/cgroup", "-maxdepth", "6", "-type", "d"],
    // Another user may run this test at the same time.
    ...["-uid", String(process.getuid?.()), "-name", `*${name}*`],
  ]);
  return found.stdout.toString().split("\n").filter(Boolean);
}

describe("lab", () => {
  it("is possible on this host", () => {
    expect(missing).toEqual([]);
  });

  let lab: Lab;
  beforeAll(async () => {
    lab = await openLab({ name });
    await Promise.all([
      lab.startEtcd(),
      ...[1, 2].map((number) =>
        lab.startMachine({
          name: `m${number}`,
          address: `127.0.0.${10 + number}`,
          machineId: `${number}`.repeat(32),
          metadata: { zone: `z${number}` },
          units: { "hello.service": hello },
          bus: number === 2,
          daemon,
        }),
      ),
    ]);
  });
  afterAll(async () => {
    await lab?.stop();
  });

  it("refuses a second lab of the same name, and says how to go on", async () => {
    const refusal = await openLab({ name }).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(LabError);
    expect(refusal).toMatchObject({ code: "already-running", hint: expect.stringContaining("stop") });
  });

  it("runs etcd, restarts it with its data and port, and survives its kill", async () => {
    const url = lab.etcdUrl;
    const put = await fetch(`${url}/v3/kv/put`, {
      method: "POST",
      body: JSON.stringify({ key: btoa("a"), value: btoa("b") }),
    });
    expect(put.ok).toBe(true);
    for (const end of [() => lab.stopEtcd(), () => lab.killEtcd()]) {
      await end();
      expect((await lab.status()).etcd?.state).toBe("off");
      await expect(lab.startEtcd()).resolves.toBe(url);
      const got = await fetch(`${url}/v3/kv/range`, {
        method: "POST",
        body: JSON.stringify({ key: btoa("a") }),
      });
      expect(await got.json()).toMatchObject({ kvs: [{ value: btoa("b") }] });
    }
  });

  it("hands the daemon its words exactly", async () => {
    const file = `${lab.paths("m1").runtime}/argv`;
    const text = await until(
      "the daemon's file",
      waiting,
      () => existsSync(file) && readFileSync(file, "utf8"),
    );
    expect(text.split("|").slice(0, -1)).toEqual([daemon.environment.VALUE, ...words]);
  });

  it("starts units on one machine and not on the other", async () => {
    expect((await lab.systemctl("m1", ["start", "hello.service"])).code).toBe(0);
    const running = await lab.unitsRunning("m1", "hello*");
    expect([...running.keys()]).toEqual(["hello.service"]);
    expect(await lab.unitsRunning("m2", "hello*")).toEqual(new Map());
    const log = lab.logs("m1").machine;
    await until("the unit's output", waiting, () =>
      readFileSync(log, "utf8").includes("hello from the unit"),
    );
    expect((await lab.status()).machines).toMatchObject([
      { name: "m1", state: "running", units: ["fleetd.service", "hello.service"] },
      { name: "m2", state: "running" },
    ]);
  });

  it("reaches a machine over its session bus", async () => {
    const { busSocket } = lab.paths("m2");
    const get = ["get-property", "org.freedesktop.systemd1", "/org/freedesktop/systemd1"];
    const property = ["org.freedesktop.systemd1.Manager", "Version"];
    const asked = spawnSync("busctl", [`--address=unix:path=${busSocket}`, ...get, ...property], {
      timeout: 20_000,
    });
    expect(asked.stdout.toString()).toMatch(/^s "\d+/);
    expect(existsSync(lab.paths("m1").busSocket)).toBe(false);
  });

  it("kills the daemon alone: it comes back, and no unit is touched", async () => {
    const before = await lab.invocationIds("m1");
    const pid = await until("the daemon", waiting, () => lab.daemonPid("m1"));
    expect(await lab.killDaemon("m1")).toBe(pid);
    const next = await until("another daemon", waiting, async () => {
      const now = await lab.daemonPid("m1");
      return now !== pid && now;
    });
    expect(next).not.toBe(pid);
    const after = await lab.invocationIds("m1");
    expect(after.get("hello.service")).toBe(before.get("hello.service"));
    expect(after.get("fleetd.service")).not.toBe(before.get("fleetd.service"));
  });

  it.each(["terminate", "kill"] as const)("keeps a stopped daemon dead (%s)", async (how) => {
    await until("the daemon", waiting, () => lab.daemonPid("m1"));
    await lab.stopDaemon("m1", { how });
    expect(await lab.daemonPid("m1")).toBeUndefined();
    expect([...(await lab.unitsRunning("m1")).keys()]).toEqual(["hello.service"]);
    await lab.startDaemon("m1");
    expect(await lab.daemonPid("m1")).toBeGreaterThan(0);
  });

  it("freezes and thaws", async () => {
    await lab.freezeMachine("m1");
    expect((await lab.status()).machines[0]?.state).toBe("frozen");
    expect([...(await lab.unitsRunning("m1", "hello*")).keys()]).toEqual(["hello.service"]);
    await expect(lab.systemctl("m1", ["is-active", "hello"], { timeoutMs: 300 })).rejects.toMatchObject({
      code: "timeout",
    });
    await lab.thawMachine("m1");
    expect((await lab.systemctl("m1", ["is-active", "hello"])).stdout.trim()).toBe("active");
  });

  it("cuts the power, also of a frozen machine, and boots it again with an empty /run", async () => {
    await lab.freezeMachine("m1");
    const pids = [...(await lab.unitsRunning("m1")).values()].flat();
    expect(pids.length).toBeGreaterThanOrEqual(2);
    const cut = await lab.killMachine("m1");
    expect(cut.units).toEqual(["fleetd.service", "hello.service"]);
    expect(await lab.unitsRunning("m1")).toEqual(new Map());
    const [down, other] = (await lab.status()).machines;
    expect([down?.state, other?.state]).toEqual(["off", "running"]);

    const { runtime } = lab.paths("m1");
    expect(existsSync(`${runtime}/argv`)).toBe(true);
    await lab.reviveMachine("m1");
    const [again] = (await lab.status()).machines;
    expect(again).toMatchObject({
      state: "running",
      boots: 2,
      machineId: "1".repeat(32),
      metadata: { zone: "z1" },
    });
    expect(again?.bootId).not.toBe(down?.bootId);
    expect(await lab.unitsRunning("m1", "hello*")).toEqual(new Map());
    await until("the daemon", waiting, () => lab.daemonPid("m1"));
    await expect(lab.reviveMachine("m1")).rejects.toMatchObject({ code: "already-running" });
  });

  it("is found by others", async () => {
    const other = await attachLab(name);
    expect((await other.status()).machines.map(({ name: machine }) => machine)).toEqual(["m1", "m2"]);
    await expect(other.killMachine("m9")).rejects.toMatchObject({ code: "not-running" });
  });

  it("leaves nothing behind", async () => {
    await lab.systemctl("m1", ["start", "hello.service"]);
    const { directory, dataDirectory } = lab;
    const pids = [...(await lab.unitsRunning("m1")).values()].flat();
    expect(pids.length).toBeGreaterThan(1);
    expect(processesOf({ directory, dataDirectory })).toEqual(expect.arrayContaining(pids));
    await lab.stop();
    expect(processesOf({ directory, dataDirectory })).toEqual([]);
    expect(cgroupsOfLab()).toEqual([]);
    expect(existsSync(directory)).toBe(false);
    expect(existsSync(dataDirectory)).toBe(false);
    expect(mountsOfLab()).toEqual([]);
    await expect(attachLab(name)).rejects.toMatchObject({ code: "not-running" });
  });
});
