import { FleetError, type MachineId, type Presence } from "@fleet/core";
import type { MachineDescription } from "@fleet/core/ports";
import type { LeaseId } from "../store.js";
import type { MachineSessionOptions } from "./session-options.js";

/** etcd tells a lease's remaining time in whole seconds; what is below that cannot be seen. */
const resolutionMs = 1_000;

/** How much faster or slower than ours etcd's clock may run within the seconds that this takes. */
const toleranceMs = 50;

/** No further apart than this are two looks, so that one of them falls into the last second of a lease. */
const lookMsMax = resolutionMs / 2;

/** What the judgement needs. */
type Surroundings = Pick<MachineSessionOptions, "clock" | "trust" | "description">;

/**
 * Finds out whether a presence of this machine's id, from another boot, is a remnant of our own or belongs to a living
 * machine: the lease of a living one is renewed, and so its end moves. That happens, too, when etcd gets a new leader,
 * which begins all leases anew; but then the raft term is another, and no such move counts. Twice within a lifetime is
 * asked for all the same: a member may learn of the election a little later than the lease's end has moved.
 *
 * How long a lease was not renewed is read from what is left of it, by etcd's own clock: a pause of this machine, or of
 * etcd, is none in the renewals. A machine that renews each third of a lifetime and misses one is not taken for dead,
 * unless the lifetime is below four seconds: there etcd's whole seconds tell too little.
 * @returns when it is a remnant, or gone.
 * @throws {FleetError} `already-exists` if another machine lives under this id; the message has both addresses.
 */
export async function waitUntilRemnant(
  surroundings: Surroundings,
  presence: Presence,
  signal: AbortSignal,
): Promise<void> {
  const { clock, description } = surroundings;
  let latestMs = Number.POSITIVE_INFINITY;
  let raftTerm: number | undefined;
  let movedAtMs: number | undefined;
  for (;;) {
    const end = await readEnd(surroundings, presence.leaseId, signal);
    if (end === undefined) return;
    const nowMs = clock.boottime();
    const isElected = raftTerm !== undefined && raftTerm !== end.raftTerm;
    raftTerm = end.raftTerm;
    if (isElected) latestMs = end.latestMs;
    else if (end.earliestMs > latestMs) {
      const twiceMs = Math.max(end.lifetimeMs, 4 * resolutionMs);
      if (movedAtMs !== undefined && nowMs - movedAtMs <= twiceMs) throw duplicate(presence, description);
      movedAtMs = nowMs;
      latestMs = end.latestMs;
    } else {
      latestMs = Math.min(latestMs, end.latestMs);
      if (isNearItsEnd(end)) return;
    }
    await clock.sleep(Math.min(end.lifetimeMs / 6, lookMsMax), signal);
  }
}

/**
 * Nobody has renewed it for three quarters of its lifetime, or it is in its last second. No sooner: who misses a renewal, and
 * comes late with the next, is taken for a remnant then, and a clone takes its place for good.
 */
function isNearItsEnd({ leftMsMost, lifetimeMs }: { leftMsMost: number; lifetimeMs: number }): boolean {
  return leftMsMost <= Math.max(lifetimeMs / 4, resolutionMs);
}

/** Between which moments, on `boottime`, a lease ends if nobody renews it. @returns `undefined` if it has ended. */
async function readEnd({ clock, trust }: Surroundings, leaseId: LeaseId, signal: AbortSignal) {
  const askedMs = clock.boottime();
  const status = await trust.probe.leaseTimeToLive(leaseId, signal);
  if (status === undefined) return undefined;
  const leftMs = status.remainingSeconds * 1000;
  return {
    earliestMs: askedMs + leftMs,
    latestMs: clock.boottime() + leftMs + resolutionMs + toleranceMs,
    leftMsMost: leftMs + resolutionMs,
    lifetimeMs: status.grantedSeconds * 1000,
    raftTerm: status.raftTerm,
  };
}

function duplicate(other: Presence, own: MachineDescription): FleetError {
  const id: MachineId = own.id;
  return new FleetError(
    "already-exists",
    `cannot join: machine id ${id} is in use at ${address(other)}; this machine is ${address(own)}`,
    {
      hint: "give one of them an id of its own: systemd-machine-id-setup, or the machine id option of fleetd",
    },
  );
}

function address({ primaryIp, apiAddresses }: Pick<Presence, "primaryIp" | "apiAddresses">): string {
  const api = apiAddresses.join(", ");
  if (primaryIp === "") return api === "" ? "an unknown address" : api;
  return api === "" ? primaryIp : `${primaryIp} (${api})`;
}
