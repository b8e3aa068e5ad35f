import { rm, rmdir } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { killGroup } from "./cgroup.js";
import type { Host } from "./host.js";
import type { LabState } from "./state.js";

/** Ends every process of a lab and removes all it made. The caller holds the lab's "open" lock. */
export async function destroyLab(directory: string, state: LabState, host: Host | undefined): Promise<void> {
  if (host) {
    await killGroup(host.root());
    await host.close();
  }
  const etcdData = state.etcd ? [state.etcd.dataDirectory] : [];
  await removeDirectories([...etcdData, state.dataDirectory, directory]);
}

/** Removes the lab's directories with all that is in them, and the base directories with their last lab. */
export async function removeDirectories(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    await rm(path, { recursive: true, force: true });
    // Not if it holds anything else, and not if it is none of ours, such as /var/tmp itself.
    if (basename(dirname(path)).startsWith("fleet-lab")) await rmdir(dirname(path)).catch(() => undefined);
  }
}
