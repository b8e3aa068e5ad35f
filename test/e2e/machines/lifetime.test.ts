// A lab of full machines leaves nothing behind, whoever is killed when.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { identifyProcess, runCommand, until } from "@fleet/lab";
import { afterEach, describe, expect, it } from "vitest";
import { attachLab, closeLab } from "../../lab/lab.js";
import { readState } from "../../lab/lab-state.js";
import { labDirectory, machinePlaces } from "../../lab/paths.js";
import { preflight } from "../../lab/preflight.js";
import { checkout } from "../../support/fleet.js";

const name = "e2elifetime";
const directory = labDirectory(name);
const [lack] = preflight();

function begin(...args: readonly string[]): ChildProcess {
  const words = ["scripts/lab.mjs", ...args, "--name", name, "--machines", "1", "--no-build"];
  return spawn(process.execPath, words, { cwd: checkout, stdio: "ignore" });
}

const ended = (child: ChildProcess): Promise<number | null> =>
  new Promise((resolve) => child.once("exit", (code) => resolve(code)));

/** Whatever of this lab is still there, by its own names. */
async function remains(): Promise<readonly string[]> {
  const found: string[] = existsSync(directory) ? [directory] : [];
  for (const pid of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    // What has ended and was not asked about yet by its parent is nothing any more.
    if (identifyProcess(Number(pid)) === undefined) continue;
    try {
      const group = readFileSync(`/proc/${pid}/cgroup`, "utf8");
      if (group.includes(`/fleet-machines/${name}`)) found.push(`process ${pid}`);
      if (readlinkSync(`/proc/${pid}/cwd`).startsWith(directory))
        found.push(`process ${pid} in ${directory}`);
    } catch {
      // It has ended.
    }
  }
  const mounts = readFileSync("/proc/self/mounts", "utf8");
  if (mounts.includes(directory)) found.push("a mount");
  const links = await runCommand(["ip", "-brief", "link"]);
  if (/\bv-m\d|\blab0\b/.test(links.stdout)) found.push("a network link");
  return found;
}

afterEach(async () => {
  if (lack === undefined) await closeLab(name);
});

if (lack !== undefined) {
  it(`NOT RUN HERE: full machines (${lack.what})`, () => {
    process.stderr.write(`\nNOT RUN: the tests on full machines: ${lack.what}. ${lack.fix}\n\n`);
  });
} else {
  describe("after", () => {
    it.each([0, 150, 400])("SIGKILL of its owner %i ms after the beginning: nothing is left", async (ms) => {
      const owner = begin("up");
      const done = ended(owner);
      await until("the lab to begin", { timeoutMs: 30_000, everyMs: 2 }, () => existsSync(directory));
      const begunMs = performance.now();
      // The moment is what is tested.
      await until("the moment", { timeoutMs: 5_000, everyMs: 1 }, () => performance.now() - begunMs >= ms);
      owner.kill("SIGKILL");
      await done;
      await closeLab(name);
      await until("everything to be gone", { timeoutMs: 20_000 }, async () => (await remains()).length === 0);
    });

    it("SIGKILL of its owner, with nobody to clean up: it ends by itself", async () => {
      const owner = begin("up");
      await until("the machine to boot", { timeoutMs: 30_000, everyMs: 2 }, () => {
        return readState(directory) !== undefined;
      });
      owner.kill("SIGKILL");
      await until("everything to be gone", { timeoutMs: 20_000 }, async () => (await remains()).length === 0);
    });

    it("SIGKILL of what holds its namespaces: the next one cleans up and boots", async () => {
      expect(await ended(begin("up"))).toBe(0);
      const state = readState(directory);
      expect(state).toBeDefined();
      if (state !== undefined) process.kill(state.holder.pid, "SIGKILL");
      expect(await ended(begin("up"))).toBe(0);
      expect(readState(directory)?.holder.pid).not.toBe(state?.holder.pid);
      expect(await ended(begin("down"))).toBe(0);
      expect(await remains()).toEqual([]);
    });
  });

  it("works on a host that was booted with systemd, as one of its services: a machine is one", async () => {
    expect(await ended(begin("up"))).toBe(0);
    const { machines, holder, paths } = attachLab(name);
    // A machine has directories of its own where a checkout may well be, /tmp for one.
    const innerCheckout = "/opt/checkout";
    const isNeeded = (from: string): boolean => from !== join(checkout, ".git");
    const place = join(holder.see(machinePlaces(paths, "m1").root), innerCheckout);
    await cp(checkout, place, { recursive: true, verbatimSymlinks: true, filter: isNeeded });
    const inner = async (...args: readonly string[]) =>
      await machines.exec("m1", [
        "node",
        `${innerCheckout}/scripts/lab.mjs`,
        "--name",
        "inner",
        "--no-build",
        ...args,
      ]);
    const services = ["systemctl", "list-units", "--all", "--plain", "--no-legend", "fleet-machines-*"];
    const up = await inner("up", "--machines", "1");
    expect(up.stdout, up.stderr).toMatch(/^m1\s.*\son\s/m);
    expect((await machines.exec("m1", services)).stdout).toMatch(/^fleet-machines-inner.service\s/);
    expect((await inner("down")).stdout).toBe("inner is gone\n");
    expect((await machines.exec("m1", services)).stdout).toBe("");
    expect((await machines.exec("m1", ["ls", "/run/fleet-machines"])).code).not.toBe(0);
  });
}
