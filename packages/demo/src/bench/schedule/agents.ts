import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Revision } from "@fleet/core";
import { Keys, type LeaseId, type Operation, openEtcdStore, type StoreEvent } from "@fleet/registry";
import { clock } from "./real-ports.js";

/** States that are written in one transaction, and transactions under way at a time. */
const statesAtOnce = 100;
const writersMax = 2;

/** How the agents of all machines are started. */
export interface AgentsOptions {
  readonly etcdUrl: string;
  /** What the states live on. */
  readonly leaseId: LeaseId;
  readonly fromRevision: Revision;
}

/** Agents in a process of their own, as they would be on machines of their own. */
export interface Agents {
  stop(): Promise<void>;
}

/** Starts the agents of all machines in one process. They answer a seat with a state, and do nothing else. */
export async function startAgents(options: AgentsOptions): Promise<Agents> {
  const script = `import { runAgents } from ${JSON.stringify(import.meta.url)};
    await runAgents(${JSON.stringify(options)});`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", script], {
    stdio: ["pipe", "pipe", "inherit"],
    cwd: fileURLToPath(new URL(".", import.meta.url)),
  });
  const ended = once(child, "exit");
  await Promise.race([
    once(child.stdout, "data"),
    ended.then(() => Promise.reject(new Error("agents ended"))),
  ]);
  return {
    async stop() {
      child.stdin.end();
      await ended;
    },
  };
}

/** Runs the agents of all machines until nobody is left at the other end of stdin. */
export async function runAgents({ etcdUrl, leaseId, fromRevision }: AgentsOptions): Promise<void> {
  const store = openEtcdStore({ endpoints: [etcdUrl], clock });
  const keys = new Keys();
  const closing = new AbortController();
  const { signal } = closing;
  process.stdin.on("end", () => closing.abort()).resume();
  const waiting: Operation[] = [];
  let writers = 0;
  const write = async (): Promise<void> => {
    writers += 1;
    while (waiting.length > 0 && !signal.aborted) {
      await store.transact({ success: waiting.splice(0, statesAtOnce) }, signal).catch(() => undefined);
    }
    writers -= 1;
  };
  const watching = store.watch({ prefix: keys.schedule }, fromRevision, signal, ({ events }) => {
    for (const event of events) {
      const answer = answerTo(event, keys, leaseId);
      if (answer !== undefined) waiting.push(answer);
    }
    if (waiting.length > 0 && writers < writersMax) void write();
  });
  process.stdout.write("ready\n");
  await watching.catch(() => undefined);
  await store.close();
}

function answerTo(event: StoreEvent, keys: Keys, leaseId: LeaseId): Operation | undefined {
  if (event.kind === "delete") return undefined;
  const { item } = event;
  const { contentId, hash, target } = JSON.parse(item.value) as Record<string, string>;
  const gone = target === "absent";
  const value = JSON.stringify({
    condition: gone ? "unloaded" : "loaded",
    loadState: "loaded",
    activeState: gone ? "inactive" : "active",
    subState: gone ? "dead" : "running",
    contentId,
    hash,
    sinceMs: 0,
    ...(gone ? { acked: item.modRevision } : {}),
  });
  return { kind: "put", key: item.key.replace(keys.schedule, `${keys.prefix}states/`), value, leaseId };
}
