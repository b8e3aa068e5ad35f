import type { SimMachine } from "../machine/sim-machine.js";
import { exclude } from "../truth/legality.js";
import { requirementsOf } from "../truth/records.js";
import type { World } from "../world.js";
import type { Checker } from "./checker.js";

/** How long after somebody has started a unit by hand the agent may not know of it yet. */
const handsMs = 5_000;

/**
 * I3, on the machine itself (protocol rule P4.5): when fleetd asks systemd to start a unit, no unit of fleet's that excludes it
 * runs there, is starting, or is still stopping, going by the texts that systemd has. A unit that somebody has started by
 * hand in the last five seconds may not have been seen yet.
 */
export function machinesHoldRules(world: World): Checker {
  const invariant = "I3-machine";
  return {
    invariant,
    onCall: (machine, call, unit) => {
      if (call !== "start") return;
      const rival = rivalOf(world, machine, unit);
      if (rival !== undefined) {
        world.fail(invariant, `${unit} is started on ${machine.name} beside ${rival}, which excludes it`);
      }
    },
  };
}

function rivalOf(world: World, machine: SimMachine, unit: string): string | undefined {
  const own = textOf(machine, unit);
  if (own === undefined) return undefined;
  for (const other of machine.systemd.loaded.keys()) {
    if (other === unit || !machine.isRunning(other)) continue;
    const text = textOf(machine, other);
    const byHandMs = machine.touchedByHandMs.get(other) ?? Number.NEGATIVE_INFINITY;
    if (text === undefined || world.nowMs - byHandMs < handsMs) continue;
    if (exclude(unit, requirementsOf(unit, own), other, requirementsOf(other, text))) return other;
  }
  return undefined;
}

function textOf(machine: SimMachine, unit: string): string | undefined {
  const path = machine.directory.pathOf(unit as never);
  return machine.directory.textAt(path) ?? machine.systemd.loaded.get(unit as never)?.text;
}
