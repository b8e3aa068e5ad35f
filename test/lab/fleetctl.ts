import type { MachineLab } from "./lab.js";
import { apiPort } from "./machine-root.js";
import { addressOf } from "./network.js";

/** Every machine's API, so that losing one does not matter; for `FLEETCTL_ENDPOINT`. */
export function endpoints(lab: MachineLab, machines: readonly string[] = lab.machines.names): string {
  return machines.map((machine) => `http://${addressOf(machine)}:${apiPort}`).join(",");
}

/** The words that run fleetctl of the lab's bundle, from the lab's end of the network. */
export function fleetctlCommand(
  lab: MachineLab,
  args: readonly string[],
  machines?: readonly string[],
): [string, ...string[]] {
  // Only the network is entered: paths mean what they mean to whoever calls.
  const enter = ["-t", String(lab.holder.identity.pid), "-n", "--"];
  const node = ["env", `FLEETCTL_ENDPOINT=${endpoints(lab, machines)}`, process.execPath];
  return ["nsenter", ...enter, ...node, `${lab.paths.bundle}/fleetctl/dist/fleetctl.mjs`, ...args];
}
