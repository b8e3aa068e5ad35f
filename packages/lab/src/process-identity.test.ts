import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, it } from "vitest";
import { identifyProcess, isAlive } from "./process-identity.js";

it("knows a process from its end, and from another with its pid", async () => {
  // A name with spaces and parentheses must not shift the fields.
  const child = spawn("sh", ["-c", "exec -a x cat"], { argv0: "a) R (b" });
  await once(child, "spawn");
  const identity = identifyProcess(child.pid ?? 0);
  expect(identity).toBeDefined();
  if (!identity) return;
  expect(isAlive(identity)).toBe(true);
  expect(isAlive({ ...identity, startTicks: "1" })).toBe(false);
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(isAlive(identity)).toBe(false);
});
