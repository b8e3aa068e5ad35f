import { FleetError } from "@fleet/core";
import { type ExitCode, exitCode, FatalError } from "./exit-code.js";

/** Writes an error as the one line that a person sees, hint included. */
export function fatalLine(error: unknown): string {
  if (error instanceof FleetError && error.hint !== undefined)
    return `fleetd: ${error.message}; ${error.hint}\n`;
  return `fleetd: ${error instanceof Error ? error.message : String(error)}\n`;
}

/** Decides the exit code of an error that ended fleetd. */
export function exitCodeOf(error: unknown): ExitCode {
  return error instanceof FatalError ? error.exitCode : exitCode.failure;
}
