import { rm, writeFile } from "node:fs/promises";
import { createUnitManager } from "@fleet/agent/systemd";
import { parseUnitName } from "@fleet/core";
import type { Clock, Logger } from "@fleet/core/ports";
import { type Lab, sleep } from "@fleet/lab";

const clock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  boottime: () => performance.now(),
  sleep: (ms, signal) => sleep(ms, signal),
};

const silent: Logger = {
  error: () => undefined,
  warn: () => undefined,
  info: () => undefined,
  debug: () => undefined,
  child: () => silent,
};

/** A D-Bus client with no fleet around it: what systemd itself takes. */
export interface BareClient {
  /** Writes, links and starts a unit. Resolves when systemd reports the job done. */
  start(name: string, text: string): Promise<void>;
  /** Stops and forgets it. */
  stop(name: string): Promise<void>;
  close(): Promise<void>;
}

/** Connects to the systemd of a machine in a lab. */
export async function connectBareClient(lab: Lab, machine: string): Promise<BareClient> {
  const { runtime, privateSocket } = lab.paths(machine);
  const manager = createUnitManager({
    address: { kind: "private", path: privateSocket },
    clock,
    logger: silent,
  });
  const closing = new AbortController();
  const { signal } = closing;
  const running = manager.run(signal);
  await manager.bootId(signal);
  const pathOf = (name: string) => `${runtime}/${name}`;
  return {
    async start(name, text) {
      await writeFile(pathOf(name), text);
      await manager.link([pathOf(name)], signal);
      const job = await manager.start(parseUnitName(name), signal);
      await job.result;
    },
    async stop(name) {
      const job = await manager.stop(parseUnitName(name), signal);
      await job.result;
      await manager.disable([parseUnitName(name)], signal);
      await rm(pathOf(name), { force: true });
    },
    async close() {
      closing.abort();
      await running;
    },
  };
}
