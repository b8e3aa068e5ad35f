import {
  type ClusterView,
  conflictBetween,
  isSeated,
  type MachineId,
  matchesMachineId,
  meetsMetadata,
  replacementBetween,
  type Seat,
  type Unit,
  type UnitName,
} from "@fleet/core";
import { expect } from "vitest";

/** All seats that are no tombstones. */
export function liveSeats(view: ClusterView): readonly Seat[] {
  return [...view.seats.values()].flatMap((seats) => [...seats.values()].filter(isSeated));
}

/** Whether a machine is there and follows its seats. */
export function isAttended(view: ClusterView, machine: MachineId): boolean {
  return view.machines.get(machine)?.presence?.state === "up";
}

/** What the rules know of a seated unit. Of one whose record cannot be read it is what its seat says, if anything. */
export function party(view: ClusterView, name: UnitName) {
  const { requirements } = view.units.get(name) ?? view.presumed?.get(name) ?? {};
  return { name, conflicts: requirements?.conflicts ?? [], replaces: requirements?.replaces ?? [] };
}

/** Whether anything is known of what the unit demands. */
export function isMovable(view: ClusterView, name: UnitName): boolean {
  return view.units.get(name)?.requirements !== undefined && !view.unreadableUnits.has(name);
}

/** Of two seats of one unit the younger names the other's machine, which is drained, or out of reach. */
export function expectHandOver(view: ClusterView, a: Seat, b: Seat): void {
  const [old, heir] = a.createRevision < b.createRevision ? [a, b] : [b, a];
  expect(heir.replaces).toBe(old.machine);
  const machine = view.machines.get(old.machine);
  expect(machine?.policy.drained === true || machine?.presence?.state !== "up").toBe(true);
}

/** Copies that a machine reports without a seat count like seats; what it was told to let go of does not. */
export function expectRoom(view: ClusterView, unit: UnitName, machine: MachineId): void {
  const seats = view.seats.get(machine) ?? new Map<UnitName, Seat>();
  const strays = [...(view.states.get(machine)?.values() ?? [])].filter(
    (state) => state.condition === "loaded" && !seats.has(state.unit),
  );
  const there = [...[...seats.values()].filter(isSeated), ...strays].map((resident) => resident.unit);
  for (const [name] of view.units.get(unit)?.requirements?.reserve ?? []) {
    const reserved = there.reduce((sum, other) => sum + reservedBy(view, other, name), 0);
    expect(reserved).toBeLessThanOrEqual(view.machines.get(machine)?.presence?.capacity?.[name] ?? 0);
  }
}

/** Expects that no copy of an exclusive unit can be running anywhere but on the machine that it gets a seat on. */
export function expectNoOtherCopy(view: ClusterView, unit: UnitName, machine: MachineId): void {
  const isActiveHere = view.states.get(machine)?.get(unit)?.activeState === "active";
  for (const other of view.machines.values()) {
    const seat = view.seats.get(other.id)?.get(unit);
    const state = other.presence === undefined ? undefined : view.states.get(other.id)?.get(unit);
    if (other.presence === undefined && !other.known) continue;
    if (seat !== undefined) {
      expect(seat.target).toBe("absent");
      expect(state).toMatchObject({ condition: "unloaded", acked: seat.modRevision });
    } else if (other.id !== machine && !isActiveHere) {
      expect(other.presence).toBeDefined();
      expect(state?.condition).not.toBe("loaded");
    }
  }
}

/** Whether the machine says that it has the unit. */
export function isThere(view: ClusterView, unit: UnitName, machine: MachineId): boolean {
  return view.states.get(machine)?.get(unit)?.condition === "loaded";
}

function reservedBy(view: ClusterView, unit: UnitName, resource: string): number {
  return isMovable(view, unit) ? (view.units.get(unit)?.requirements?.reserve.get(resource) ?? 0) : 0;
}

/** Expects that no rule forbids a seat that was given. */
export function expectLegalSeat(view: ClusterView, unit: Unit, machine: MachineId): void {
  const host = view.machines.get(machine)!;
  const requirements = unit.requirements!;
  expect(unit.desiredState).not.toBe("inactive");
  expect(host.presence?.state).toBe("up");
  expect(host.policy.drained).toBe(false);
  expect(meetsMetadata(requirements, host.metadata)).toBe(true);
  expect(view.states.get(machine)?.get(unit.name)?.condition).not.toBe("refused");
  const neighbours = [...(view.seats.get(machine)?.values() ?? [])].filter(isSeated);
  for (const other of neighbours) {
    expect(conflictBetween(party(view, unit.name), party(view, other.unit))).toBeUndefined();
  }
  if (requirements.global) return;
  if (requirements.machineId !== undefined) {
    expect(matchesMachineId(requirements.machineId, machine)).toBe(true);
  }
  for (const peer of requirements.machineOf) {
    expect(neighbours.some((seat) => seat.unit === peer)).toBe(true);
  }
}

/** A unit leaves for a copy that runs, unless its machine is going or will not have it. */
export function expectTakenOver(view: ClusterView, unit: UnitName, from: MachineId, to: MachineId): void {
  const isThere = isAttended(view, from) && view.states.get(from)?.get(unit)?.condition !== "refused";
  if (isThere) expect(view.states.get(to)?.get(unit)?.activeState).toBe("active");
}

/** A machine that is merely away, shutting down, drained or unwilling makes no seat illegal. */
export function expectIllegal(
  before: ClusterView,
  after: ClusterView,
  name: UnitName,
  machine: MachineId,
): void {
  const requirements = before.units.get(name)!.requirements!;
  const host = before.machines.get(machine);
  const isForgotten = host === undefined || (host.presence === undefined && !host.known);
  const hadRival = liveSeats(before).some(
    (seat) =>
      seat.machine === machine &&
      conflictBetween(party(before, name), party(before, seat.unit)) !== undefined,
  );
  // Whom its peers follow it follows, too.
  const followed = followedBy(before, name);
  const lacksPeer = [before, after].some((view) =>
    followed.some((peer) => !liveSeats(view).some((seat) => seat.machine === machine && seat.unit === peer)),
  );
  const isElsewhere =
    requirements.machineId !== undefined && !matchesMachineId(requirements.machineId, machine);
  const isPlain = !requirements.global;
  const reasons = [
    isForgotten,
    isAttended(before, machine) && !meetsMetadata(requirements, host?.metadata ?? {}),
    isAttended(before, machine) && isPlain && isElsewhere,
    isAttended(before, machine) && hadRival,
    isPlain && lacksPeer,
  ];
  expect(reasons).toContain(true);
}

/** The units that a unit follows, those that they follow, and so on. */
function followedBy(view: ClusterView, name: UnitName): readonly string[] {
  const found = new Set<string>([name]);
  for (const next of found) {
    for (const peer of view.units.get(next as UnitName)?.requirements?.machineOf ?? []) found.add(peer);
  }
  found.delete(name);
  return [...found];
}

/** Expects one of the known reasons for taking a seat away. */
export function expectReason(
  before: ClusterView,
  after: ClusterView,
  name: UnitName,
  machine: MachineId,
): void {
  // Of several seats of one unit all but one go, for which being several is reason enough.
  if (liveSeats(before).filter((seat) => seat.unit === name).length > 1) return;
  const requirements = before.units.get(name)!.requirements!;
  const host = before.machines.get(machine);
  const own = party(before, name);
  const others = liveSeats(before).filter((seat) => seat.machine === machine && seat.unit !== name);
  const isAnyoneBeside = (test: (other: UnitName) => boolean): boolean =>
    [...others, ...liveSeats(after).filter((seat) => seat.machine === machine)].some((seat) =>
      test(seat.unit),
    );
  const hasSeat = (view: ClusterView, peer: string): boolean =>
    liveSeats(view).some((seat) => seat.machine === machine && seat.unit === peer);
  const reasons = [
    host?.presence?.state !== "up",
    requirements.exclusive && host?.policy.drained,
    !meetsMetadata(requirements, host?.metadata ?? {}),
    !requirements.global &&
      requirements.machineId !== undefined &&
      !matchesMachineId(requirements.machineId, machine),
    isAnyoneBeside((other) => conflictBetween(own, party(before, other)) !== undefined),
    !requirements.global &&
      requirements.machineOf.some((peer) => !hasSeat(before, peer) || !hasSeat(after, peer)),
    before.states.get(machine)?.get(name)?.condition === "refused",
    isAnyoneBeside((other) => replacementBetween(own, party(before, other))?.replaced === name),
  ];
  expect(reasons).toContain(true);
}
