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
  const [program, ...words] = lab.holder.enter();
  const node = ["env", `FLEETCTL_ENDPOINT=${endpoints(lab, machines)}`, process.execPath];
  return [program, ...words, ...node, `${lab.paths.bundle}/fleetctl/dist/fleetctl.mjs`, ...args];
}
