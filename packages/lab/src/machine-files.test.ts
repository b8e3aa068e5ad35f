import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { bootScript } from "./machine-files.js";
import { machinePaths } from "./paths.js";

let work: string;
beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), "lab-boot-"));
});
afterEach(() => rmSync(work, { recursive: true }));

function program(name: string, script: string): string {
  const path = join(work, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

// A pretended manager that prints its environment, and a pretended kernel: `sed` is what reads the cgroup.
function boot(cgroup: string, environment: Record<string, string> = {}) {
  program("sed", `echo '${cgroup}'`);
  const manager = program("manager", 'echo "booted $*"; env');
  const paths = machinePaths("/r/it's", "/d", "m1");
  return spawnSync("/bin/sh", ["-c", bootScript("m1", paths, manager)], {
    env: { PATH: `${work}:/usr/bin:/bin`, ...environment },
    encoding: "utf8",
  });
}

describe("the boot script", () => {
  it.each(["/", ""])("refuses to become a manager in the cgroup %j", (cgroup) => {
    const { status, stdout, stderr } = boot(cgroup);
    expect([status, stdout]).toEqual([97, ""]);
    expect(stderr).toContain("refused");
  });

  it("becomes the manager elsewhere, with an environment of its own and the outer manager's notify socket", () => {
    const inherited = {
      DBUS_SESSION_BUS_ADDRESS: "unix:path=/outer",
      NOTIFY_SOCKET: "/outer/notify",
      MANAGERPID: "1",
    };
    const { status, stdout } = boot("/lab/m1", inherited);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^booted --user\n/);
    const lines = stdout.split("\n");
    expect(lines).toContain("NOTIFY_SOCKET=/outer/notify");
    expect(lines).toContain("XDG_RUNTIME_DIR=/r/it's/m1");
    expect(lines).toContain("DBUS_SESSION_BUS_ADDRESS=unix:path=/r/it's/m1/bus");
    expect(stdout).not.toContain("MANAGERPID");
    expect(boot("/lab/m1").stdout).not.toContain("NOTIFY_SOCKET");
  });
});
