import { type FleetError, isFleetError, RegistryDistrustError } from "@fleet/core";
import type { Refusal } from "./answer.js";
import { unavailableMessage } from "./replica-access.js";
import { withoutCredentials } from "./without-credentials.js";

/**
 * Whether the registry could not do something because of etcd; such an error has etcd's address and the words of the layers
 * below, which are for the log. A registry that is not believed is no such trouble: what was found is for everybody.
 */
export function isTroubleWithEtcd(error: unknown): error is FleetError {
  if (!isFleetError(error) || error instanceof RegistryDistrustError) return false;
  return error.code === "unavailable" || error.code === "compacted" || error.code === "permission-denied";
}

/** What is said of trouble with etcd. @param withHint - Whether a hint may be told. */
export function refusalForEtcd(error: FleetError, withHint: boolean): Refusal {
  const hint = withHint && error.hint !== undefined ? { hint: withoutCredentials(error.hint) } : {};
  return { status: 503, message: unavailableMessage, ...hint };
}
