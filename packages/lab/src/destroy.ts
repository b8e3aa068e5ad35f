import { rm, rmdir } from "node:fs/promises";
import { dirname } from "node:path";
import { killGroup } from "./cgroup.js";
import type { Host } from "./host.js";
import type { LabState } from "./state.js";

/** Ends every process of a lab and removes all it made. The caller holds the lab's "open" lock. */
export async function destroyLab(directory: string, state: LabState, host: Host | undefined): Promise<void> {
  if (host) {
    await killGroup(host.root());
    await host.close();
  }
  const etcdData = state.etcd?.dataDirectory;
  for (const path of [etcdData, state.dataDirectory, directory]) {
    if (path !== undefined) await rm(path, { recursive: true, force: true });
  }
  // The base directories go with their last lab.
  for (const path of [state.dataDirectory, directory]) await rmdir(dirname(path)).catch(() => undefined);
}
