import { ApiError, TransportError } from "@fleet/client";
import { FleetError } from "@fleet/core";
import type { CommandContext } from "../command.js";

/** Says what went wrong, in the notation that the original's users know. */
export function errorText(error: unknown): string {
  if (error instanceof ApiError) {
    return error.message === ""
      ? `googleapi: got HTTP response code ${error.status} with body: ${error.body}`
      : `googleapi: Error ${error.status}: ${error.message}`;
  }
  return error instanceof Error ? error.message : String(error);
}

/** What to do about it, if that can be told. */
export function errorHint(error: unknown, endpoint: string): string | undefined {
  if (error instanceof TransportError && error.hint === undefined) {
    return error.mayHaveArrived
      ? `the answer of ${endpoint} did not come; what was asked for may have happened`
      : `no fleetd answers at ${endpoint}: name another endpoint with --endpoint or FLEETCTL_ENDPOINT`;
  }
  return error instanceof FleetError ? error.hint : undefined;
}

/** Tells of a failure, once, on stderr: a line that says in which step, and a hint if there is one. */
export function tellError(context: CommandContext, step: string, error: unknown): void {
  const hint = errorHint(error, context.client.endpoint);
  context.stderr.write(`${step}: ${errorText(error)}\n${hint === undefined ? "" : `Hint: ${hint}\n`}`);
}
