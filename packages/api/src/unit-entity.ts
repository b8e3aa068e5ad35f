import type { SeatV2, UnitStatusV2, UnitV1, UnitV2 } from "@fleet/client";
import {
  type ClusterView,
  type DesiredState,
  isSeated,
  type Seat,
  type Unit,
  type UnitName,
  type UnitOption,
} from "@fleet/core";
import { constantJson } from "./json.js";
import { holdOf, placementProblem } from "./placement-problem.js";
import { type Places, placesIn } from "./places.js";
import { stateOn, toStateV2 } from "./state-entity.js";

const stateRank: Readonly<Record<DesiredState, number>> = { inactive: 0, loaded: 1, launched: 2 };

/** The machine that a unit belongs to, and its state there, as v1 tells it. */
interface Home {
  readonly machine: Seat["machine"] | undefined;
  readonly currentState: DesiredState;
}

/**
 * What v1 says of a unit. Of one whose record cannot be read only the name is known.
 * @param places - Of many units, prepared for all of them.
 */
export function toUnitV1(view: ClusterView, name: UnitName, places: Places = placesIn(view, 1)): UnitV1 {
  const unit = view.units.get(name);
  if (unit === undefined) return { name };
  const { content, desiredState } = unit;
  // Without spreading: a list has thousands of these, all made at one moment. Empty fields are not sent.
  const options = content === undefined ? [] : constantJson(bySection(content.options));
  if (isGlobal(unit)) return { desiredState, name, options };
  const { currentState, machine = "" } = homeOf(view, name, places);
  return { currentState, desiredState, machineID: machine, name, options };
}

/**
 * What v2 says of a unit, without its text.
 * @param places - Of many units, prepared for all of them.
 */
export function toUnitStatusV2(view: ClusterView, name: UnitName, places: Places): UnitStatusV2 {
  const unit = view.units.get(name);
  if (unit === undefined) return { name, global: false, problem: "the unit's record cannot be read" };
  const problem =
    unit.content === undefined
      ? "the unit's text is missing or cannot be read"
      : (placementProblem(view.engineStatus, name) ?? holdProblem(view, unit, places));
  const global = isGlobal(unit);
  const home: Partial<Home> = global ? {} : homeOf(view, name, places);
  return {
    contentID: unit.contentId,
    currentState: home.currentState ?? "",
    desiredState: unit.desiredState,
    global,
    hash: unit.hash,
    machineID: home.machine ?? "",
    name,
    problem: problem ?? "",
    seats: places.seatsOf(name).map((seat) => toSeatV2(view, seat)),
  };
}

/** Why a plain unit runs nowhere of which the leader has nothing to say but that its machine is held. */
function holdProblem(
  { engineStatus, machines }: ClusterView,
  unit: Unit,
  places: Places,
): string | undefined {
  if (isGlobal(unit) || unit.desiredState === "inactive" || !engineStatus?.machines.length) return undefined;
  const seats = places.seatsOf(unit.name).filter(isSeated);
  if (seats.some(({ machine }) => machines.get(machine)?.presence !== undefined)) return undefined;
  for (const { machine } of seats) {
    const held = holdOf(engineStatus, machine);
    if (held !== undefined) return `stays on machine ${machine}, which is away and held: ${held}`;
  }
  return undefined;
}

/** Everything v2 says of a unit. */
export function toUnitV2(view: ClusterView, name: UnitName): UnitV2 {
  const unit = view.units.get(name);
  const places = placesIn(view, 1);
  return {
    ...toUnitStatusV2(view, name, places),
    revision: unit?.modRevision ?? 0,
    states: places.statesOf(name).map((state) => toStateV2(view, state)),
    ...(unit?.content === undefined ? {} : { text: unit.content.text }),
  };
}

/** Lists of thousands of units are made at one moment, from options that stay the same. */
const ordered = new WeakMap<readonly UnitOption[], readonly UnitOption[]>();

/** Puts options into the order of the canonical text, which the original has them in. */
function bySection(options: readonly UnitOption[]): readonly UnitOption[] {
  const known = ordered.get(options);
  if (known !== undefined) return known;
  const sections = new Map<string, UnitOption[]>();
  for (const option of options) {
    const others = sections.get(option.section);
    if (others === undefined) sections.set(option.section, [option]);
    else others.push(option);
  }
  const list = [...sections.values()].flat();
  ordered.set(options, list);
  return list;
}

function isGlobal(unit: Unit): boolean {
  return unit.requirements?.global ?? false;
}

/**
 * The one place to name for a plain unit. In a hand-over there are two seats: the successor counts as soon as it is as
 * far as its predecessor. A unit that was unseated stays where it was until it has stopped there. Seats on absent
 * machines do not count.
 */
function homeOf(view: ClusterView, name: UnitName, places: Places): Home {
  let best: { readonly seat: Seat; readonly state: DesiredState } | undefined;
  for (const seat of places.seatsOf(name)) {
    if (view.machines.get(seat.machine)?.presence === undefined) continue;
    const state = stateOn(view, seat.machine, name);
    if (!isSeated(seat) && state === "inactive") continue;
    if (best === undefined || isBetterHome({ seat, state }, best)) best = { seat, state };
  }
  return { machine: best?.seat.machine, currentState: best?.state ?? "inactive" };
}

function isBetterHome(
  a: { readonly seat: Seat; readonly state: DesiredState },
  b: { readonly seat: Seat; readonly state: DesiredState },
): boolean {
  if (isSeated(a.seat) !== isSeated(b.seat)) return isSeated(a.seat);
  const difference = stateRank[a.state] - stateRank[b.state];
  return difference !== 0 ? difference > 0 : a.seat.createRevision > b.seat.createRevision;
}

function toSeatV2(view: ClusterView, seat: Seat): SeatV2 {
  return {
    held: holdOf(view.engineStatus, seat.machine) ?? "",
    machineID: seat.machine,
    present: view.machines.get(seat.machine)?.presence !== undefined,
    reason: seat.reason,
    target: seat.target,
  };
}
