import type { SimMachine } from "../machine/sim-machine.js";
import { Beliefs } from "../truth/belief.js";
import type { Version } from "../truth/key-history.js";
import { keyOf, seatOf, stateOf } from "../truth/records.js";
import { contentOf } from "../users/users.js";
import type { World } from "../world.js";
import type { Checker } from "./checker.js";

/** How long before a start by hand a seat may have come that still stops the unit: the agent was about to. */
const underWayMs = 5_000;

/**
 * I2, nothing is stopped without evidence. For each stop that reaches systemd from fleetd, a seat of that unit on that machine
 * must stand, or have stood, in etcd's history that
 * - asks for it: target `absent` or `loaded`, or a content that is not the one that runs;
 * - is newer than the seat that the unit was last started for (P4.1: above the watermark);
 * - is of a history that this machine may believe (P6: not of one that was restored or wiped and not accepted).
 * A stop of what does not run is no stop. Nothing else is evidence: no absence, no lease, no error.
 */
export function noStopWithoutEvidence(world: World): Checker {
  const invariant = "I2";
  const { truth } = world;
  const beliefs = new Beliefs(world);
  /** The revision of the seat that a unit was last started for, and the history it is of. */
  const started = new Map<string, { readonly revision: number; readonly branch: number }>();
  const idOf = (machine: SimMachine, unit: string): string => `${machine.name} ${unit}`;

  /** Whether a machine had said by then that it has this content, and does not run it. */
  const isDone = (machine: SimMachine, unit: string, contentId: string, byMs: number): boolean => {
    const said = truth.history
      .all(keyOf.state(machine.id, unit))
      .filter(({ sinceMs, value }) => sinceMs <= byMs && value !== undefined)
      .at(-1);
    const state = stateOf(said);
    return state?.contentId === contentId && ["inactive", "failed"].includes(state.activeState);
  };

  const isEvidence = (machine: SimMachine, unit: string, version: Version): boolean => {
    const seat = seatOf(version);
    if (seat === undefined || !beliefs.mayActUpon(machine, version)) return false;
    const last = started.get(idOf(machine, unit));
    if (
      last !== undefined &&
      last.branch >= beliefs.acceptedBranch(machine) &&
      version.revision <= last.revision
    ) {
      return false;
    }
    const byHandMs = machine.touchedByHandMs.get(unit);
    const saidMs = Math.max(version.sinceMs, beliefs.acceptedAtMs(machine));
    if (seat.target === "loaded" && byHandMs !== undefined && saidMs < byHandMs - underWayMs) {
      // Unless the machine had not come to it by then, as when etcd was away all the while.
      return !isDone(machine, unit, seat.contentId, byHandMs);
    }
    if (seat.target !== "launched") return true;
    const text = machine.systemd.loaded.get(unit as never)?.text;
    return text === undefined || contentOf(text).contentId !== seat.contentId;
  };

  const checkStop = (machine: SimMachine, unit: string): void => {
    if (!machine.isRunning(unit)) return;
    const versions = truth.history.all(keyOf.seat(machine.id, unit));
    if (versions.some((version) => isEvidence(machine, unit, version))) return;
    const newest = versions.at(-1);
    const stands =
      newest?.value === undefined
        ? "no seat"
        : `a seat of revision ${newest.revision}, ${seatOf(newest)?.target}`;
    const last = started.get(idOf(machine, unit));
    world.fail(
      invariant,
      `${unit} is stopped on ${machine.name} without evidence: there is ${stands}, and it was started for ${last?.revision ?? "none"}`,
    );
  };

  const noteStart = (machine: SimMachine, unit: string): void => {
    const id = idOf(machine, unit);
    const before = started.get(id);
    const text = machine.systemd.loaded.get(unit as never)?.text;
    const contentId = text === undefined ? undefined : contentOf(text).contentId;
    const asks = truth.history.all(keyOf.seat(machine.id, unit)).filter((version) => {
      const isNew =
        before === undefined || version.branch > before.branch || version.revision > before.revision;
      const seat = seatOf(version);
      // What is started with another text than a seat asks for is not started for that seat.
      return isNew && seat?.target === "launched" && (contentId ?? seat.contentId) === seat.contentId;
    });
    const first = asks[0];
    if (first !== undefined) started.set(id, { revision: first.revision, branch: first.branch });
  };

  return {
    invariant,
    onCall: (machine, call, unit) => {
      if (call === "stop") checkStop(machine, unit);
      else noteStart(machine, unit);
    },
    onAccept: (machine) => beliefs.onAccept(machine),
    onPower: (machine) => {
      for (const id of [...started.keys()]) if (id.startsWith(`${machine.name} `)) started.delete(id);
    },
  };
}
