import type { MachineDescription } from "@fleet/core/ports";
import { encodeDuplicate } from "../codec.js";
import type { RegistryOptions } from "../registry-options.js";

/** How long the note stands. Whoever looks for the missing machine does so soon, and the daemon does not come back by itself. */
const noteSeconds = 3_600;

/**
 * Leaves word that a machine was refused because another one lives under its id, for who lists the machines: the log of
 * the refused daemon is the last place where anybody looks. The note goes with a lease of its own.
 * Nothing is written if there is nobody under that id any more.
 */
export async function noteDuplicate(
  { trust, keys, clock }: RegistryOptions,
  { id, primaryIp, apiAddresses }: Pick<MachineDescription, "id" | "primaryIp" | "apiAddresses">,
  signal: AbortSignal,
): Promise<void> {
  const leaseId = await trust.probe.grantLease(noteSeconds, signal);
  const value = encodeDuplicate({ primaryIp, apiAddresses, refusedAtMs: clock.now() });
  const { succeeded } = await trust.probe.transact(
    {
      compare: [{ key: keys.presence(id), target: "create", is: ">", operand: 0 }],
      success: [{ kind: "put", key: keys.duplicate(id), value, leaseId }],
    },
    signal,
  );
  if (!succeeded) await trust.probe.revokeLease(leaseId, signal);
}
