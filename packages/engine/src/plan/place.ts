import type { Amounts, Machine, MachineId, Metadata, Revision } from "@fleet/core";
import type { PlanOptions, PlanView } from "./view.js";

/**
 * What a machine's condition means for seats.
 * `open`: takes units. `cordoned`, `drained`: keeps its seats, gets no new ones. `leaving`: its units go if they have
 * another place. `frozen`, `unreadable`, `away`: nothing can be done there; its seats stay. `released`: away, its units
 * go if they have another place. `forgotten`: will not come back.
 */
export type Stance =
  | "open"
  | "cordoned"
  | "drained"
  | "leaving"
  | "frozen"
  | "unreadable"
  | "away"
  | "released"
  | "forgotten";

/** A machine as the planner sees it. */
export interface Place {
  /** Its rank by id: what ties are broken by. */
  readonly index: number;
  readonly id: MachineId;
  readonly stance: Stance;
  /** Effective metadata. Of a machine that is away it is not known, so nothing is decided by it then. */
  readonly metadata: Metadata;
  /** What the machine has for units that reserve something; nothing of what it does not name, and while it is away. */
  readonly capacity: Amounts;
  /** The mod revision of the presence, 0 if the machine is away: what a guarded write compares. */
  readonly presenceRevision: Revision;
  /** Whether it is away, and has been for so long that no exclusive unit can be running there. */
  readonly fenced: boolean;
}

/** Whether the machine is there and follows its seats, so that a seat there can be judged and taken away. */
export function isAttended(place: Place): boolean {
  return place.stance === "open" || place.stance === "cordoned" || place.stance === "drained";
}

/** Whether a unit can come to have a seat there: on a cordoned machine one that runs there already can. */
export function mayArriveAt(place: Place): boolean {
  return place.stance === "open" || place.stance === "cordoned";
}

/** Whether seats there stay, whatever the rules say: nobody is there to let go of a unit. */
export function isHeld(place: Place): boolean {
  return place.stance === "frozen" || place.stance === "unreadable" || place.stance === "away";
}

/**
 * Lists all machines that are known, or that anything is said of, by id.
 * @param spare - Leaves room between them for machines that may join later, so that all others keep their rank: places
 * without an id, which are forgotten, as it were.
 */
export function listPlaces(view: PlanView, options: PlanOptions, spare = false): readonly Place[] {
  const ids = new Set<MachineId>(view.machines.keys());
  for (const id of view.seats.keys()) ids.add(id);
  const sorted = [...ids].sort();
  if (!spare) return sorted.map((id, index) => makePlace(id, index, view, options));
  const places: Place[] = [];
  for (const id of sorted) {
    places.push(vacantPlace(places.length));
    places.push(makePlace(id, places.length, view, options));
  }
  for (let number = 0; number < spareAtEnd; number += 1) places.push(vacantPlace(places.length));
  return places;
}

/** Machines are often named in the order in which they join. */
const spareAtEnd = 64;

function vacantPlace(index: number): Place {
  const nothing = { metadata: {}, capacity: noCapacity, presenceRevision: 0, fenced: false };
  return { index, id: "" as MachineId, stance: "forgotten", ...nothing };
}

/** Whether no machine stands there. */
export function isVacant({ id }: Place): boolean {
  return id === "";
}

/** Prepares a machine, known or not. */
export function makePlace(id: MachineId, index: number, view: PlanView, options: PlanOptions): Place {
  const machine = view.machines.get(id);
  return {
    index,
    id,
    stance: stanceOf(id, machine, options),
    metadata: machine?.metadata ?? {},
    capacity: machine?.presence?.capacity ?? noCapacity,
    fenced: options.fencedMachines?.has(id) === true && machine?.presence === undefined,
    presenceRevision: machine?.unreadable ?? machine?.presence?.modRevision ?? 0,
  };
}

const noCapacity: Amounts = {};

function stanceOf(id: MachineId, machine: Machine | undefined, options: PlanOptions): Stance {
  if (machine?.unreadable !== undefined) return "unreadable";
  if (machine?.presence === undefined) {
    if (machine === undefined || !machine.known) return "forgotten";
    return options.releasedMachines.has(id) ? "released" : "away";
  }
  if (machine.presence.state !== "up") return machine.presence.state;
  if (machine.policy.drained) return "drained";
  return machine.policy.cordoned ? "cordoned" : "open";
}
