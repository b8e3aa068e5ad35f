import { FleetError, type MachineId, type Presence } from "@fleet/core";
import type { MachineDescription } from "@fleet/core/ports";
import type { MachineSessionOptions } from "./session-options.js";

/**
 * Finds out whether a presence of this machine's id, from another boot, is a remnant of our own or belongs to a living
 * machine: the lease of a living one is renewed, and so its remaining time grows. Growth once can come from a new
 * leader of etcd, which begins all leases anew; twice within a lifetime it cannot.
 * @returns when it is a remnant, or gone.
 * @throws {FleetError} `already-exists` if another machine lives under this id; the message has both addresses.
 */
export async function waitUntilRemnant(
  options: MachineSessionOptions,
  presence: Presence,
  signal: AbortSignal,
): Promise<void> {
  const { trust, clock, description } = options;
  const first = await trust.probe.leaseTimeToLive(presence.leaseId, signal);
  if (first === undefined) return;
  const lifetimeMs = first.grantedSeconds * 1000;
  let quietSinceMs = clock.boottime();
  let grewAtMs: number | undefined;
  let remaining = first.remainingSeconds;
  while (clock.boottime() - quietSinceMs < lifetimeMs / 2) {
    await clock.sleep(lifetimeMs / 6, signal);
    const status = await trust.probe.leaseTimeToLive(presence.leaseId, signal);
    if (status === undefined) return;
    const nowMs = clock.boottime();
    if (status.remainingSeconds > remaining) {
      if (grewAtMs !== undefined && nowMs - grewAtMs <= lifetimeMs) throw duplicate(presence, description);
      grewAtMs = nowMs;
      quietSinceMs = nowMs;
    }
    remaining = status.remainingSeconds;
  }
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
