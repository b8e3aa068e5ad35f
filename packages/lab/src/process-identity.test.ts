import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { identifyProcess, isAlive } from "./process-identity.js";

it("knows a process from its end, and from another with its pid", async () => {
  // A name with spaces and parentheses must not shift the fields.
  const directory = mkdtempSync(join(tmpdir(), "fleet-process-"));
  const program = join(directory, "a) R (b");
  symlinkSync("/bin/cat", program);
  const child = spawn(program);
  await once(child, "spawn");
  const identity = identifyProcess(child.pid ?? 0);
  expect(identity).toBeDefined();
  if (!identity) return;
  expect(isAlive(identity)).toBe(true);
  expect(isAlive({ ...identity, startTicks: "1" })).toBe(false);
  child.kill("SIGKILL");
  await once(child, "exit");
  rmSync(directory, { recursive: true });
  expect(isAlive(identity)).toBe(false);
});
