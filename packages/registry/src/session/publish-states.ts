import type { UnitName, UnitStateContent } from "@fleet/core";
import type { PublishOutcome } from "@fleet/core/ports";
import { encodeState } from "../codec.js";
import type { LeaseId, Operation } from "../store.js";
import type { Registration } from "./registration.js";
import type { MachineSessionOptions } from "./session-options.js";

/** What goes into one transaction: below etcd's limit, and far below its limit on bytes. */
const operationsMax = 100;

/**
 * Writes states and deletes others on this machine's lease, proving in each transaction that the presence is ours.
 * A write that got no answer is no trouble: writing the same again changes nothing, for nobody else writes these keys.
 */
export async function publishStates(
  options: MachineSessionOptions,
  presence: Registration,
  leaseId: LeaseId | undefined,
  states: readonly UnitStateContent[],
  removals: readonly UnitName[],
  signal: AbortSignal,
): Promise<PublishOutcome> {
  const { trust, keys, description } = options;
  const { proof } = presence;
  if (proof === undefined || leaseId === undefined) return { kind: "not-registered" };
  const operations: Operation[] = [
    ...states.map((state): Operation => {
      const key = keys.state(description.id, state.unit);
      return { kind: "put", key, value: encodeState(state), leaseId };
    }),
    ...removals.map((unit): Operation => ({ kind: "delete", key: keys.state(description.id, unit) })),
  ];
  let revision = 0;
  for (let done = 0; done < operations.length; done += operationsMax) {
    const success = operations.slice(done, done + operationsMax);
    const result = await trust.probe.transact({ compare: [proof], success }, signal);
    if (!result.succeeded) return { kind: "not-registered" };
    revision = result.revision;
  }
  return { kind: "published", revision };
}
