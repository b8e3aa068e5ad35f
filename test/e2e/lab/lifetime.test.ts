// How long a lab lives: with its owner, beyond it once released, and what happens to the remains.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { attachLab, listLabs, openLab, until } from "@fleet/lab";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, it } from "vitest";

const name = "lablife";
const root = fileURLToPath(new URL("../../..", import.meta.url));
const waiting = { timeoutMs: 30_000 };

// Another process that makes a lab with one running unit, and tells its pid.
const program = `
import { openLab } from "@fleet/lab";
const [name, action] = process.argv.slice(2);
const lab = await openLab({ name });
const units = { "nap.service": "[Service]\\nExecStart=/bin/sleep 3600\\n" };
await lab.startMachine({ name: "m1", address: "127.0.0.11", units });
await lab.systemctl("m1", ["start", "nap.service"]);
const [pid] = (await lab.unitsRunning("m1", "nap.service")).values().next().value;
if (action === "release") await lab.release();
console.log(JSON.stringify({ pid, directory: lab.directory, dataDirectory: lab.dataDirectory }));
if (action === "hold") setInterval(() => undefined, 1000);
`;

let work: string;
beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), "fleet-lab-test-"));
  await build({
    stdin: { contents: program, resolveDir: root, loader: "ts" },
    bundle: true,
    platform: "node",
    format: "esm",
    conditions: ["source"],
    outfile: join(work, "owner.mjs"),
    logLevel: "error",
  });
});
afterAll(async () => {
  rmSync(work, { recursive: true });
  await attachLab(name).then(
    (lab) => lab.stop(),
    () => undefined,
  );
});

interface Told {
  readonly pid: number;
  readonly directory: string;
  readonly dataDirectory: string;
}

async function owner(action: "release" | "hold"): Promise<[ChildProcess, Told]> {
  const child = spawn(process.execPath, [join(work, "owner.mjs"), name, action], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = (await once(createInterface(child.stdout), "line")) as [string];
  return [child, JSON.parse(line) as Told];
}

const naps = (pid: number): boolean => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("3600");
  } catch {
    return false;
  }
};

it("outlives its owner when released, and is stopped by another process, gracefully", async () => {
  const [child, told] = await owner("release");
  if (child.exitCode === null) await once(child, "exit");
  expect(naps(told.pid)).toBe(true);
  expect(await listLabs()).toContain(name);
  await expect(openLab({ name })).rejects.toMatchObject({ code: "already-running" });
  const lab = await attachLab(name);
  expect(await lab.status()).toMatchObject({ released: true, machines: [{ name: "m1", state: "running" }] });
  await lab.killMachine("m1");
  expect(naps(told.pid)).toBe(false);
  await lab.reviveMachine("m1");
  await lab.stop({ graceful: true });
  expect([existsSync(told.directory), existsSync(told.dataDirectory)]).toEqual([false, false]);
  expect(await listLabs()).not.toContain(name);
});

it("is cleaned away, machines and all, after its owner was killed", async () => {
  const [child, told] = await owner("hold");
  expect(naps(told.pid)).toBe(true);
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(await listLabs()).not.toContain(name);
  await expect(attachLab(name)).rejects.toMatchObject({ code: "not-running" });
  await until("the unit's end", waiting, () => !naps(told.pid));
  expect([existsSync(told.directory), existsSync(told.dataDirectory)]).toEqual([false, false]);
  const lab = await openLab({ name });
  expect((await lab.status()).machines).toEqual([]);
  await lab.stop();
});

it("gives up a boot that is aborted, and leaves nothing of the machine", async () => {
  const lab = await openLab({ name });
  try {
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(lab.startMachine({ name: "m1", address: "127.0.0.11", signal })).rejects.toThrow("enough");
    expect((await lab.status()).machines).toEqual([]);
    const port = await lab.port("api", "127.0.0.11");
    expect(await lab.port("api", "127.0.0.11")).toBe(port);
    expect(await lab.port("other", "127.0.0.12")).not.toBe(port);
  } finally {
    await lab.stop();
  }
});
