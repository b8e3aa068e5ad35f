import type { MachineV1 } from "@fleet/client";
import { shortMachineId } from "@fleet/core";

/** Machines by id. */
export type MachineIndex = ReadonlyMap<string, MachineV1>;

/** Puts machines where they can be looked up. */
export function indexMachines(machines: readonly MachineV1[]): MachineIndex {
  return new Map(machines.map((machine) => [machine.id ?? "", machine]));
}

/** A machine's id for people: its first characters and `...`, or all of it. */
export function machineIdLegend(id: string, isFull: boolean): string {
  return isFull ? id : `${shortMachineId(id)}...`;
}

/**
 * A machine as lists name it: `113f16a7.../172.17.8.103`.
 * @param id - Of a machine that may have gone; then only the id is told.
 */
export function machineLegend(id: string, machines: MachineIndex, isFull: boolean): string {
  const ip = machines.get(id)?.primaryIP ?? "";
  const legend = machineIdLegend(id, isFull);
  return ip === "" ? legend : `${legend}/${ip}`;
}

/** A machine in documents for programs; `null` for none. The address of a machine that has gone is not known. */
export function machineItem(
  id: string | undefined,
  machines: MachineIndex,
): { readonly id: string; readonly ip: string | null } | null {
  return id ? { id, ip: machines.get(id)?.primaryIP || null } : null;
}
