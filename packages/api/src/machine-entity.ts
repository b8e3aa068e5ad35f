import type { MachineV2 } from "@fleet/client";
import { type ClusterView, isSeated, type Machine } from "@fleet/core";

/** What v2 says of a machine. */
export function toMachineV2(view: ClusterView, machine: Machine): MachineV2 {
  const { presence, policy } = machine;
  const hold = view.engineStatus?.machines.find((held) => held.machine === machine.id);
  let seats = 0;
  for (const seat of view.seats.get(machine.id)?.values() ?? []) if (isSeated(seat)) seats += 1;
  return {
    condition: machine.unreadable === undefined ? (presence?.state ?? "away") : "unreadable",
    cordoned: policy.cordoned,
    drained: policy.drained,
    machineID: machine.id,
    metadata: machine.metadata,
    note: policy.note ?? "",
    primaryIP: presence?.primaryIp ?? "",
    reason: presence?.reason ?? "",
    released:
      presence === undefined && policy.released !== undefined && policy.released === machine.recordRevision,
    seats,
    version: presence?.version ?? "",
    ...(policy.handOversMax === undefined ? {} : { handOversMax: policy.handOversMax }),
    ...(hold === undefined ? {} : { held: hold.held }),
    ...(hold?.untilMs === undefined ? {} : { heldUntilMs: hold.untilMs }),
  };
}
