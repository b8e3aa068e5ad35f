import { type MachineIndex, machineIdLegend } from "./machine-legend.js";

/**
 * Shortens the ids of machines in a sentence of the server, as they are shortened everywhere else.
 * @param machines - Those that are there; of others only ids of systemd's form are recognised.
 */
export function withShortIds(text: string, machines: MachineIndex): string {
  return text.replace(/[0-9A-Za-z_-]{12,}/g, (word) =>
    machines.has(word) || /^[0-9a-f]{32}$/.test(word) ? machineIdLegend(word, false) : word,
  );
}
