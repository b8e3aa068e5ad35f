import { isSeated, shortMachineId, type UnitState } from "@fleet/core";
import type { DecidedCluster } from "./decided-cluster.js";
import type { ExplainedPlaces } from "./explain-places.js";
import type { Subject } from "./subject.js";

/** How many machines one explanation has remarks on. */
const remarkedMax = 5;

/** What else matters: what the loss rules hold back, machines that do nothing at present, copies nobody asked for. */
export function remarksOn(
  { engineStatus, hasLeader, planning: p }: DecidedCluster,
  subject: Subject,
  { places }: ExplainedPlaces,
): readonly string[] {
  const remarks: string[] = [];
  const isWanted = subject.kind === "plain" || subject.kind === "global";
  if (!hasLeader)
    remarks.push("nobody leads the cluster at present, so nothing is decided until somebody does");
  for (const { machine, role } of places.slice(0, remarkedMax)) {
    const place = p.world.placeOf.get(machine);
    if (role === "copy" || place === undefined) continue;
    const id = shortMachineId(machine);
    const hold = engineStatus?.machines.find((held) => held.machine === machine);
    if (hold !== undefined) {
      const until =
        hold.untilMs === undefined
          ? "until somebody decides or it is back"
          : `until ${utc(hold.untilMs)} at most`;
      remarks.push(`machine ${id} is lost and its units are held: ${hold.held}; ${until}`);
    } else if (
      place.stance === "away" &&
      isWanted &&
      isSeated(p.world.view.seats.get(machine)?.get(subject.name))
    ) {
      remarks.push(`machine ${id} is away; its units stay with it for now`);
    } else if (place.stance === "frozen") {
      const reason = p.world.view.machines.get(machine)?.presence?.reason;
      const because = reason === undefined ? "" : ` (${reason})`;
      remarks.push(
        `machine ${id} does not believe the registry${because} and changes nothing until it is accepted: fleetctl machine accept ${machine}`,
      );
    } else if (role === "stopping" && place.presenceRevision === 0) {
      remarks.push(
        `machine ${id} is away and has not let go of it; forget it if it will not come back: fleetctl machine forget ${machine}`,
      );
    }
  }
  if (places.some(({ role, state }) => role === "seat" && hasTrouble(state))) {
    remarks.push(`what it said itself: fleetctl journal ${subject.name}`);
  }
  for (const peer of subject.peers) {
    if (peer !== subject && p.refusals.has(peer) && peer.at === undefined && subject.cycle === undefined) {
      remarks.push(`it follows ${peer.name}, which has no place either: fleetctl explain ${peer.name}`);
    }
  }
  for (const { unit, reason } of p.remarks) if (unit === subject.name) remarks.push(reason);
  const fencing = [p.refusals.get(subject), ...p.remarks.filter(({ unit }) => unit === subject.name)];
  for (const machine of new Set(fencing.flatMap((refusal) => refusal?.fencing ?? []))) {
    const untilMs = engineStatus?.fencing?.find((one) => one.machine === machine)?.untilMs;
    if (untilMs === undefined) continue;
    const id = shortMachineId(machine);
    const hadIt = [...subject.claims, ...subject.stopping].some(({ place }) => place.id === machine);
    remarks.push(
      hadIt
        ? `waits until ${utc(untilMs)} for the copy on machine ${id}, which may still run`
        : `waits until ${utc(untilMs)}: machine ${id} has just gone away, and nobody knows until then what was begun there`,
    );
  }
  return remarks;
}

function hasTrouble(state: UnitState | undefined): boolean {
  return state?.activeState === "failed" || state?.jobResult === "failed" || state?.jobResult === "timeout";
}

function utc(ms: number): string {
  return new Date(ms).toISOString();
}
