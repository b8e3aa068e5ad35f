import { spawn } from "node:child_process";
import { expect, it } from "vitest";
import { until } from "./clock.js";
import { lockName, withLock } from "./lock.js";

const name = (what: string) => lockName(`/test/${process.pid}`, what);

it("lets one in at a time, and all in the end", async () => {
  let inside = 0;
  let most = 0;
  const enter = () =>
    withLock(name("turns"), undefined, async () => {
      most = Math.max(most, ++inside);
      await new Promise((resolve) => setImmediate(resolve));
      inside--;
    });
  await Promise.all([1, 2, 3, 4].map(enter));
  expect(most).toBe(1);
});

it("is free again after an error", async () => {
  const broken = withLock(name("error"), undefined, async () => {
    throw new Error("broken");
  });
  await expect(broken).rejects.toThrow("broken");
  await expect(withLock(name("error"), undefined, async () => 1)).resolves.toBe(1);
});

it("can be given up while waiting", async () => {
  const controller = new AbortController();
  await withLock(name("abort"), undefined, async () => {
    const waiting = withLock(name("abort"), controller.signal, async () => 1);
    controller.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
  });
});

it("is freed by the kernel when its process is killed", async () => {
  const lock = name("crash");
  const script = `require("node:net").createServer().listen("\\0${lock}", () => console.log("held"))`;
  const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  let held = false;
  child.stdout.once("data", () => {
    held = true;
  });
  await until("the other process to hold it", { timeoutMs: 15_000 }, () => held);
  let entered = false;
  const waiting = withLock(lock, undefined, async () => {
    entered = true;
  });
  expect(entered).toBe(false);
  child.kill("SIGKILL");
  await waiting;
  expect(entered).toBe(true);
});
