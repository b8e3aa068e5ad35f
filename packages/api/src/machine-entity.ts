import type { DrainV2, MachineV2 } from "@fleet/client";
import {
  belongsToMachine,
  type ClusterView,
  formatAmount,
  isSeated,
  type Machine,
  type MachineDuplicate,
  type UnitName,
} from "@fleet/core";

/** What v2 says of a machine. */
export function toMachineV2(view: ClusterView, machine: Machine): MachineV2 {
  const { presence, policy } = machine;
  const hold = view.engineStatus?.machines.find((held) => held.machine === machine.id);
  let seats = 0;
  const reserved = new Map<string, number>();
  for (const seat of view.seats.get(machine.id)?.values() ?? []) {
    if (!isSeated(seat)) continue;
    seats += 1;
    for (const [name, amount] of view.units.get(seat.unit)?.requirements?.reserve ?? []) {
      reserved.set(name, (reserved.get(name) ?? 0) + amount);
    }
  }
  return {
    capacity: printAmounts(Object.entries(presence?.capacity ?? {})),
    condition: machine.unreadable === undefined ? (presence?.state ?? "away") : "unreadable",
    cordoned: policy.cordoned,
    drained: policy.drained,
    machineID: machine.id,
    metadata: machine.metadata,
    note: policy.note ?? "",
    primaryIP: presence?.primaryIp ?? "",
    reason: presence?.reason ?? "",
    reserved: printAmounts(reserved),
    released:
      presence === undefined && policy.released !== undefined && policy.released === machine.recordRevision,
    seats,
    version: presence?.version ?? "",
    ...(policy.handOversMax === undefined ? {} : { handOversMax: policy.handOversMax }),
    ...(policy.drained ? { drain: drainOf(view, machine) } : {}),
    ...(hold === undefined ? {} : { held: hold.held }),
    ...(hold?.untilMs === undefined ? {} : { heldUntilMs: hold.untilMs }),
    ...(machine.duplicate === undefined ? {} : { duplicate: printAddresses(machine.duplicate) }),
  };
}

function printAmounts(amounts: Iterable<readonly [string, number]>): Readonly<Record<string, string>> {
  return Object.fromEntries([...amounts].map(([name, amount]) => [name, formatAmount(name, amount)]));
}

function printAddresses({ primaryIp, apiAddresses }: MachineDuplicate): string {
  const api = apiAddresses.join(", ");
  if (primaryIp === "") return api === "" ? "an unknown address" : api;
  return api === "" ? primaryIp : `${primaryIp} (${api})`;
}

/** What is still there is counted here, so that nobody has to wait for the leader to hear that it is over. */
function drainOf(view: ClusterView, { id }: Machine): DrainV2 {
  const counts = { left: 0, stopping: 0, staying: 0 };
  const requirementsOf = (name: string) => view.units.get(name as UnitName)?.requirements;
  // What cannot be read may belong there or not: nobody is told that it does.
  const isUnreadable = (name: UnitName): boolean => {
    const unit = view.units.get(name);
    return view.unreadableUnits.has(name) || (unit !== undefined && unit.requirements === undefined);
  };
  const isStaying = (name: UnitName): boolean =>
    !isUnreadable(name) && belongsToMachine(requirementsOf(name), id, requirementsOf);
  const seats = view.seats.get(id);
  for (const { condition, unit } of view.states.get(id)?.values() ?? []) {
    // A seat that could never be read is not among the seats.
    if (condition === "loaded" && seats?.has(unit) !== true && isUnreadable(unit)) counts.left += 1;
  }
  for (const seat of seats?.values() ?? []) {
    if (!isSeated(seat)) counts.stopping += 1;
    else if (isStaying(seat.unit)) counts.staying += 1;
    else counts.left += 1;
  }
  const progress = view.engineStatus?.drains?.find(({ machine }) => machine === id);
  if (progress === undefined) return counts;
  const { leaving, problems, stuck, waiting } = progress;
  const named = problems.map(({ reason, unit }) => ({ name: unit, reason }));
  return { ...counts, leaving, waiting, stuck, problems: named };
}
