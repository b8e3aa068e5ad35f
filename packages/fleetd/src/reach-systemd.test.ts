import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createUnitManager } from "@fleet/agent/systemd";
import { afterEach, beforeEach, expect, it } from "vitest";
import { silentLogger } from "../../../test/support/silent-logger.js";
import { createClock } from "./clock.js";
import { reachSystemd } from "./reach-systemd.js";

const clock = createClock();
let directory = "";
let end = new AbortController();
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "fleet-reach-"));
  end = new AbortController();
});
afterEach(() => {
  end.abort();
  rmSync(directory, { recursive: true });
});

async function problemAt(path: string): Promise<string> {
  const manager = createUnitManager({
    address: { kind: "private", path },
    clock,
    logger: silentLogger,
  });
  const running = manager.run(end.signal);
  const problem = await reachSystemd(manager, clock, end.signal).then(
    () => "none",
    (error: unknown) => String(error),
  );
  end.abort();
  await running;
  return problem;
}

it("says what is wrong with a socket that is not there", async () => {
  const path = join(directory, "nowhere");
  expect(await problemAt(path)).toContain(`ENOENT ${path}`);
});

it("says that somebody else serves the socket", async () => {
  const path = join(directory, "other");
  const server = createServer((socket) => void socket.destroy()).listen(path);
  expect(await problemAt(path)).toMatch(/subscribe to systemd|closed/);
  server.close();
});
