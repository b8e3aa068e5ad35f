import { FleetError, type MachineId, type Presence } from "@fleet/core";
import type { MachineDescription } from "@fleet/core/ports";
import type { LeaseId } from "../store.js";
import type { MachineSessionOptions } from "./session-options.js";

/** etcd tells a lease's remaining time in whole seconds; what is below that cannot be seen. */
const resolutionMs = 1_000;

/** How much faster or slower than ours etcd's clock may run within the seconds that this takes. */
const toleranceMs = 50;

/** A living machine renews its lease within this, and the growth shows, however short the lifetime. */
const quietMsMin = 2 * resolutionMs;

/**
 * Finds out whether a presence of this machine's id, from another boot, is a remnant of our own or belongs to a living
 * machine: the lease of a living one is renewed, and so its end moves. That happens once, too, when etcd gets a new
 * leader, which begins all leases anew; twice within a lifetime it cannot.
 * @returns when it is a remnant, or gone.
 * @throws {FleetError} `already-exists` if another machine lives under this id; the message has both addresses.
 */
export async function waitUntilRemnant(
  options: MachineSessionOptions,
  presence: Presence,
  signal: AbortSignal,
): Promise<void> {
  const { clock, description } = options;
  const first = await readEnd(options, presence.leaseId, signal);
  if (first === undefined) return;
  const { lifetimeMs } = first;
  const quietMs = Math.max(lifetimeMs / 2, quietMsMin);
  const twiceMs = Math.max(lifetimeMs, 2 * quietMsMin);
  let latestMs = first.latestMs;
  let quietSinceMs = clock.boottime();
  let movedAtMs: number | undefined;
  while (clock.boottime() - quietSinceMs < quietMs) {
    await clock.sleep(lifetimeMs / 6, signal);
    const end = await readEnd(options, presence.leaseId, signal);
    if (end === undefined) return;
    if (end.earliestMs <= latestMs) {
      latestMs = Math.min(latestMs, end.latestMs);
      continue;
    }
    const nowMs = clock.boottime();
    if (movedAtMs !== undefined && nowMs - movedAtMs <= twiceMs) throw duplicate(presence, description);
    movedAtMs = nowMs;
    quietSinceMs = nowMs;
    latestMs = end.latestMs;
  }
}

/** Between which moments, on `boottime`, a lease ends if nobody renews it. @returns `undefined` if it has ended. */
async function readEnd(options: MachineSessionOptions, leaseId: LeaseId, signal: AbortSignal) {
  const { clock, trust } = options;
  const askedMs = clock.boottime();
  const status = await trust.probe.leaseTimeToLive(leaseId, signal);
  if (status === undefined) return undefined;
  const leftMs = status.remainingSeconds * 1000;
  return {
    earliestMs: askedMs + leftMs,
    latestMs: clock.boottime() + leftMs + resolutionMs + toleranceMs,
    lifetimeMs: status.grantedSeconds * 1000,
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
