import { cpus, totalmem } from "node:os";
import type { Amounts } from "@fleet/core";

/** Where the machine's size is looked up; the kernel's own figures unless a test says otherwise. */
export interface MachineSize {
  readonly cores: () => number;
  readonly memoryBytes: () => number;
}

const kernelSize: MachineSize = { cores: () => cpus().length, memoryBytes: totalmem };

/**
 * What this machine has to give: its cores and its memory, each replaced by what the configuration says, and whatever else that
 * names. A figure that the kernel does not tell is left out, and so counts as nothing.
 */
export function machineCapacity(configured: Amounts, size: MachineSize = kernelSize): Amounts {
  const measured = { cpu: size.cores() * 1000, memory: size.memoryBytes() };
  const known = Object.entries(measured).filter(([, amount]) => amount > 0);
  return { ...Object.fromEntries(known), ...configured };
}
