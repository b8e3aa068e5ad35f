import {
  type Amounts,
  type DesiredState,
  type Machine,
  type MachineId,
  type MachinePolicy,
  type Metadata,
  parseMachineId,
  type Requirements,
  type Unit,
  type UnitContent,
  type UnitName,
} from "@fleet/core";
import type { PlanOptions, PlanView } from "./view.js";

/** A cluster, and what its leader would plan with. */
export interface Outlook {
  readonly view: PlanView;
  readonly options: PlanOptions;
}

/** One thing that could be different. Changes of what is not there change nothing. */
export type ViewChange =
  /** A unit is created, or gets other content. */
  | {
      readonly kind: "put";
      readonly unit: UnitName;
      readonly content: UnitContent;
      readonly requirements: Requirements;
      readonly desiredState: DesiredState;
    }
  | { readonly kind: "want"; readonly unit: UnitName; readonly desiredState: DesiredState }
  /** A unit demands something else of its place. */
  | { readonly kind: "demand"; readonly unit: UnitName; readonly requirements: Requirements }
  | { readonly kind: "policy"; readonly machine: MachineId; readonly policy: Partial<MachinePolicy> }
  /** A metadata value is set, or taken away. */
  | {
      readonly kind: "metadata";
      readonly machine: MachineId;
      readonly key: string;
      readonly value: string | undefined;
    }
  /** A machine is gone, and the loss rules have given it up. */
  | { readonly kind: "lose"; readonly machine: MachineId }
  /** A machine that is away, leaving or frozen is back to normal. */
  | { readonly kind: "return"; readonly machine: MachineId }
  /** A machine has room for so much more. */
  | { readonly kind: "free"; readonly machine: MachineId; readonly amounts: Amounts }
  | {
      readonly kind: "add";
      readonly machine: MachineId;
      readonly metadata: Metadata;
      readonly capacity: Amounts;
    };

/** What records that do not exist yet are numbered with: younger than everything that exists. */
const futureRevision = 2 ** 52;

/** Makes the outlook that would be if all changes were made, one after the other. Nothing of the old one is changed. */
export function changeView({ options, view }: Outlook, changes: readonly ViewChange[]): Outlook {
  // There may be very many units, and most questions are about machines.
  const units = changes.some(isAboutUnit) ? new Map(view.units) : undefined;
  const machines = new Map(view.machines);
  const states = new Map(view.states);
  const releasedMachines = new Set(options.releasedMachines);
  const fencedMachines = new Set(options.fencedMachines);
  for (const change of changes) {
    switch (change.kind) {
      case "put":
      case "want":
      case "demand":
        changeUnit(units!, change);
        break;
      case "lose":
        changeMachine(machines, change.machine, (machine) => ({ ...machine, presence: undefined }));
        // What a machine says lives on its lease.
        states.delete(change.machine);
        if (machines.has(change.machine)) releasedMachines.add(change.machine);
        // What is lost here is lost for good.
        fencedMachines.add(change.machine);
        break;
      case "add":
        machines.set(change.machine, newMachine(change.machine, change.metadata, change.capacity));
        break;
      default:
        changeMachine(machines, change.machine, (machine) => changed(machine, change));
    }
  }
  return {
    view: { ...view, units: units ?? view.units, machines, states },
    options: { ...options, releasedMachines, fencedMachines },
  };
}

function isAboutUnit({ kind }: ViewChange): boolean {
  return kind === "put" || kind === "want" || kind === "demand";
}

/** Ids for machines that do not exist, which no machine of the view has. */
export function newMachineIds(
  view: Pick<PlanView, "machines" | "seats">,
  count: number,
): readonly MachineId[] {
  const ids: MachineId[] = [];
  for (let number = 1; ids.length < count; number += 1) {
    const id = parseMachineId(`new-${number}`);
    if (!view.machines.has(id) && !view.seats.has(id)) ids.push(id);
  }
  return ids;
}

function changeUnit(
  units: Map<UnitName, Unit>,
  change: Extract<ViewChange, { readonly kind: "put" | "want" | "demand" }>,
): void {
  const unit = units.get(change.unit);
  if (change.kind === "put") {
    const { content, desiredState, requirements } = change;
    units.set(change.unit, {
      name: change.unit,
      contentId: content.contentId,
      hash: content.hash,
      desiredState,
      startCount: (unit?.startCount ?? 0) + 1,
      changedAtMs: unit?.changedAtMs ?? 0,
      createRevision: unit?.createRevision ?? futureRevision,
      modRevision: futureRevision,
      content,
      requirements,
    });
  } else if (unit !== undefined) {
    const { kind, unit: name, ...rest } = change;
    units.set(name, { ...unit, ...rest, modRevision: futureRevision });
  }
}

function changeMachine(
  machines: Map<MachineId, Machine>,
  id: MachineId,
  change: (machine: Machine) => Machine,
): void {
  const machine = machines.get(id);
  if (machine !== undefined) machines.set(id, change(machine));
}

function changed(
  machine: Machine,
  change: Extract<ViewChange, { readonly kind: "policy" | "metadata" | "return" | "free" }>,
): Machine {
  switch (change.kind) {
    case "policy":
      return { ...machine, policy: { ...machine.policy, ...change.policy } };
    case "metadata": {
      const { [change.key]: _old, ...others } = machine.metadata;
      const metadata = change.value === undefined ? others : { ...others, [change.key]: change.value };
      return { ...machine, metadata };
    }
    case "free": {
      const { presence } = machine;
      if (presence === undefined) return machine;
      const capacity: Record<string, number> = { ...presence.capacity };
      for (const [name, amount] of Object.entries(change.amounts)) {
        capacity[name] = (capacity[name] ?? 0) + amount;
      }
      return { ...machine, presence: { ...presence, capacity } };
    }
    case "return": {
      const presence = machine.presence ?? newMachine(machine.id, machine.metadata, {}).presence!;
      return { ...machine, presence: { ...presence, state: "up" } };
    }
  }
}

function newMachine(id: MachineId, metadata: Metadata, capacity: Amounts): Machine {
  const presence = {
    id,
    primaryIp: "",
    apiAddresses: [],
    metadata,
    capacity,
    version: "",
    bootId: "",
    instance: "",
    state: "up" as const,
    leaseId: "",
    createRevision: futureRevision,
    modRevision: futureRevision,
  };
  return { id, presence, known: true, metadata, policy: { cordoned: false, drained: false } };
}
