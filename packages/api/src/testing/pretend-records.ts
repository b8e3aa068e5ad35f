import {
  type Machine,
  type MachineId,
  type Metadata,
  type Revision,
  type Seat,
  type SeatTarget,
  type Unit,
  type UnitName,
  type UnitState,
  type UnitStateContent,
  wantedOn,
} from "@fleet/core";

/** What a test says of a unit on a machine. */
export type Report = Partial<UnitStateContent> & { readonly isStarted?: boolean };

/** The revisions of a record that is written anew, or again. */
function written(old: { readonly createRevision: Revision } | undefined, revision: Revision) {
  return { createRevision: old?.createRevision ?? revision, modRevision: revision };
}

/** A machine that has just come. */
export function presentMachine(
  id: MachineId,
  primaryIp: string,
  metadata: Metadata,
  revision: Revision,
): Machine {
  return {
    id,
    known: true,
    metadata,
    policy: { cordoned: false, drained: false },
    presence: {
      id,
      primaryIp,
      apiAddresses: [],
      metadata,
      version: "0.1.0",
      bootId: "boot",
      instance: "instance",
      state: "up",
      leaseId: "1",
      ...written(undefined, revision),
    },
  };
}

/** A seat as the leader would write it. */
export function seatOf(
  machine: MachineId,
  unit: UnitName,
  wanted: { readonly target: SeatTarget; readonly reason: string },
  revision: Revision,
  { record, old }: { readonly record: Unit | undefined; readonly old: Seat | undefined },
): Seat {
  return {
    machine,
    unit,
    contentId: record?.contentId ?? old?.contentId ?? "",
    hash: record?.hash ?? old?.hash ?? "",
    startCount: record === undefined ? 0 : wantedOn(record, machine).startCount,
    term: { n: 1, uuid: "term" },
    ...wanted,
    ...written(old, revision),
  };
}

/** What a machine says of a unit; what is not given is as for a unit that was just loaded. */
export function stateOf(
  machine: MachineId,
  unit: UnitName,
  { isStarted = false, ...given }: Report,
  revision: Revision,
  { seat, old }: { readonly seat: Seat | undefined; readonly old: UnitState | undefined },
): UnitState {
  const started =
    isStarted && seat !== undefined
      ? {
          started: {
            bootId: "boot",
            seatRevision: seat.createRevision,
            contentId: seat.contentId,
            startCount: seat.startCount,
          },
        }
      : {};
  return {
    machine,
    unit,
    condition: "loaded",
    loadState: "loaded",
    activeState: "inactive",
    subState: "dead",
    contentId: seat?.contentId ?? "",
    hash: seat?.hash ?? "",
    sinceMs: 0,
    ...started,
    ...given,
    ...written(old, revision),
  };
}
