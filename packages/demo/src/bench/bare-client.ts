import { rm, writeFile } from "node:fs/promises";
import { createUnitManager, type ManagerAddress } from "@fleet/agent/systemd";
import { parseUnitName } from "@fleet/core";
import type { Clock, Job, Logger } from "@fleet/core/ports";
import { sleep } from "@fleet/lab";

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

/** How many jobs one systemd is given at a time: as many as fleet's agent gives it. */
const jobsMax = 16;

/** A D-Bus client with no fleet around it: what systemd itself takes. */
export interface BareClient {
  /** Writes, links and starts units of one text. Resolves when systemd reports every job done. */
  start(names: readonly string[], text: string): Promise<void>;
  /** Stops them and takes back their links and files. Resolves when nothing is left of them. */
  stop(names: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/** Where a bare client finds a machine. */
export interface BareMachine {
  readonly address: ManagerAddress;
  /** A directory for unit files, as the machine's systemd sees it. */
  readonly directory: string;
  /** The same, as this process sees it. */
  readonly directoryHere: string;
}

/** Connects to the systemd of a machine. */
export async function connectBareClient(machine: BareMachine): Promise<BareClient> {
  const { address, directory, directoryHere } = machine;
  const manager = createUnitManager({ address, clock, logger: silent });
  const closing = new AbortController();
  const { signal } = closing;
  const running = manager.run(signal);
  await manager.bootId(signal);
  const pathOf = (name: string) => `${directory}/${name}`;
  const fileOf = (name: string) => `${directoryHere}/${name}`;
  return {
    async start(names, text) {
      await Promise.all(names.map((name) => writeFile(fileOf(name), text)));
      await manager.link(names.map(pathOf), signal);
      await doJobs(names, (name) => manager.start(parseUnitName(name), signal));
    },
    async stop(names) {
      await doJobs(names, (name) => manager.stop(parseUnitName(name), signal));
      await manager.disable(names.map(parseUnitName), signal);
      await Promise.all(names.map((name) => rm(fileOf(name), { force: true })));
    },
    async close() {
      closing.abort();
      await running;
    },
  };
}

async function doJobs(names: readonly string[], queue: (name: string) => Promise<Job>): Promise<void> {
  const waiting = [...names];
  const work = async (): Promise<void> => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      const result = await (await queue(name)).result;
      if (result !== "done") throw new Error(`the job of ${name} ended with "${result}"`);
    }
  };
  await Promise.all(Array.from({ length: jobsMax }, work));
}
