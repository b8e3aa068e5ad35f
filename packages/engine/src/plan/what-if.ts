import {
  compareUnitNames,
  type Forecast,
  type ForeseenLoad,
  type ForeseenMove,
  type ForeseenRefusal,
  isSeated,
  type MachineId,
  type Proposal,
  type UnitName,
} from "@fleet/core";
import { tallyFailures } from "./checks/chain.js";
import { contradictionText } from "./contradiction.js";
import type { DecidedCluster } from "./decided-cluster.js";
import { unreadableReason, unreadableUnitsOn } from "./drain-progress.js";
import type { Place } from "./place.js";
import type { Planning } from "./planning.js";
import { refusalText } from "./refusal.js";
import type { Subject } from "./subject.js";
import { changeView } from "./what-if-change.js";
import { changesOf } from "./what-if-proposal.js";
import { finish, type Settled, settling } from "./what-if-settle.js";

/** Says what would become of the cluster: the planner's own decisions on a changed view, beside those on the view as it is. */
export function foresee(decided: DecidedCluster, proposal: Proposal): Forecast {
  return finish(foreseeing(decided, proposal));
}

/** Does the same in steps of one plan each, so that others have their turn in between. */
export function* foreseeing(
  { planning: before, revision }: DecidedCluster,
  proposal: Proposal,
): Generator<undefined, Forecast> {
  const changed = changeView(before.world, changesOf(proposal, before.world));
  yield undefined;
  const after = yield* settling(changed);
  const asked = new Set([...proposal.put, ...proposal.want].map(({ unit }) => unit));
  const refusals = [
    ...foreseeRefusals(before, after.planning, asked),
    ...foreseeUnreadable(before, proposal),
    ...foreseeLostGlobals(before, after.planning),
  ].sort((a, b) => compareUnitNames(a.unit, b.unit));
  return {
    revision,
    fits: refusals.every(({ isNew }) => !isNew),
    moves: foreseeMoves(before, after, new Set(proposal.lose)),
    refusals,
    machines: foreseeLoads(before, after.planning, new Set(proposal.lose)),
    remarks: remarksOn(before, after, proposal),
  };
}

/** Where units have seats on machines that are there or may come back, once everything is done that has been decided. */
export function seatsAfter(p: Planning): ReadonlyMap<UnitName, readonly Place[]> {
  const seats = new Map<UnitName, readonly Place[]>();
  const add = ({ name }: Subject, place: Place): void => {
    seats.set(name, [...(seats.get(name) ?? []), place]);
  };
  for (const subject of p.world.subjects.values()) {
    if (subject.kind === "plain" && subject.at !== undefined) add(subject, subject.at);
    else if (subject.kind === "unreadable" || subject.kind === "recordless") {
      for (const { place } of subject.claims) add(subject, place);
    }
  }
  for (const { claim, subject } of p.globalClaims) add(subject, claim.place);
  for (const { place, subject } of p.globalSeatings) add(subject, place);
  return seats;
}

/** Where units have seats now, whatever the plan makes of them. */
function seatsNow({ world: { view } }: Planning): ReadonlyMap<UnitName, readonly MachineId[]> {
  const seats = new Map<UnitName, MachineId[]>();
  for (const [machine, ofMachine] of view.seats) {
    for (const [unit, seat] of ofMachine) {
      if (!isSeated(seat)) continue;
      const known = seats.get(unit);
      if (known === undefined) seats.set(unit, [machine]);
      else known.push(machine);
    }
  }
  return seats;
}

function foreseeMoves(
  before: Planning,
  settled: Settled,
  lost: ReadonlySet<MachineId>,
): readonly ForeseenMove[] {
  const { planning: after } = settled;
  const was = seatsNow(before);
  const willBe = seatsAfter(after);
  const moves: ForeseenMove[] = [];
  for (const unit of new Set([...was.keys(), ...willBe.keys()])) {
    const old = was.get(unit) ?? [];
    const now = (willBe.get(unit) ?? []).map(({ id }) => id);
    const isGlobal = after.world.subjects.get(unit)?.kind === "global";
    const from = old.filter((id) => !now.includes(id) && !(isGlobal && lost.has(id)));
    const to = now.filter((id) => !old.includes(id));
    if (from.length === 0 && to.length === 0) continue;
    moves.push({ unit, from: from.sort(), to: to.sort(), reason: reasonOf(settled, unit) });
  }
  return moves.sort((a, b) => compareUnitNames(a.unit, b.unit));
}

function reasonOf({ losses, planning: after, reasons }: Settled, unit: UnitName): string {
  const subject = after.world.subjects.get(unit);
  const known = reasons.get(unit);
  if (known !== undefined) return known;
  if (subject?.kind === "unwanted" || subject === undefined) return "nobody wants it anywhere";
  const refusal = after.refusals.get(subject);
  return refusal?.reason ?? subject.leavingBecause ?? losses.get(unit) ?? "the rules ask for it";
}

function foreseeRefusals(
  before: Planning,
  after: Planning,
  asked: ReadonlySet<UnitName>,
): readonly ForeseenRefusal[] {
  const refusals: ForeseenRefusal[] = [];
  for (const [{ kind, name }, { machine, reason }] of after.refusals) {
    const old = before.world.subjects.get(name);
    const wasRefused = old !== undefined && before.refusals.has(old);
    // A global unit that is refused somewhere is not refused everywhere; what counts is whether it gets worse.
    if (kind === "global" && losesAll(before, after, name)) continue;
    const isNew =
      kind === "global" ? !wasRefused || asked.has(name) : asked.has(name) || hasPlace(before, old);
    refusals.push({ unit: name, ...(machine === undefined ? {} : { machine }), reason, isNew });
  }
  return refusals;
}

/** The units that stay where they are on machines that are to be emptied or lost, because nobody knows what they demand. */
function foreseeUnreadable(before: Planning, { drain, lose }: Proposal): readonly ForeseenRefusal[] {
  return [...new Set([...drain, ...lose])].flatMap((machine) =>
    unreadableUnitsOn(before.world.view, machine).map((unit): ForeseenRefusal => {
      return { unit, machine, reason: `stays on ${machine}: ${unreadableReason}`, isNew: true };
    }),
  );
}

/** The global units that run somewhere now, and then nowhere. */
function foreseeLostGlobals(before: Planning, after: Planning): readonly ForeseenRefusal[] {
  return [...after.world.subjects.values()]
    .filter(({ kind, name }) => kind === "global" && losesAll(before, after, name))
    .map((subject): ForeseenRefusal => {
      const reason = refusalText(
        tallyFailures(after.checks, subject, after.draft),
        contradictionText(subject),
      );
      return { unit: subject.name, reason, isNew: true };
    });
}

/** Whether a global unit has seats on machines that are there, and would have none. */
export function losesAll(before: Planning, after: Planning, unit: UnitName): boolean {
  const old = before.world.subjects.get(unit);
  const isSomewhere = old?.claims.some(({ place }) => !isGone(place)) === true;
  const subject = after.world.subjects.get(unit);
  if (!isSomewhere || subject === undefined) return false;
  return !after.draft.places.some((place) => !isGone(place) && after.draft.hasSeat(subject, place));
}

/** Whether a plain unit has a place, or is about to get one. */
function hasPlace(p: Planning, subject: Subject | undefined): boolean {
  return subject?.at !== undefined && !p.refusals.has(subject);
}

function foreseeLoads(
  before: Planning,
  after: Planning,
  lost: ReadonlySet<MachineId>,
): readonly ForeseenLoad[] {
  return after.world.places.flatMap((place) => {
    const old = before.world.placeOf.get(place.id);
    const isLost = lost.has(place.id);
    if (!isLost && isGone(place)) return [];
    const load = {
      machine: place.id,
      before: seatCount(before, place.id),
      after: after.draft.loadOf(place),
    };
    return { ...load, fate: isLost ? "lost" : old === undefined ? "added" : "kept" };
  });
}

function seatCount({ world: { view } }: Planning, machine: MachineId): number {
  return [...(view.seats.get(machine)?.values() ?? [])].filter(isSeated).length;
}

function isGone(place: Place): boolean {
  return place.presenceRevision === 0;
}

function remarksOn(before: Planning, after: Settled, { lose }: Proposal): readonly string[] {
  const remarks: string[] = [];
  if (after.isUnfinished) remarks.push("units are still on their way when this forecast ends");
  const present = before.world.places.filter((place) => !isGone(place)).length;
  if (lose.length >= 3 && lose.length > present * 0.55) {
    remarks.push(
      `${lose.length} of ${present} machines at once are most of the cluster: their units would be held before they are moved`,
    );
  } else if (lose.length > Math.max(1, Math.floor(present / 10))) {
    remarks.push("so many losses at once are given up one after another, as soon as no more follow");
  }
  return remarks;
}
