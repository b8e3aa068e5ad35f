import { FleetError } from "../errors.js";
import { quote } from "../unit/quote.js";

declare const brand: unique symbol;

/** What a machine is known by in the whole cluster. Only {@link parseMachineId} makes one. */
export type MachineId = string & { readonly [brand]: "MachineId" };

/** How many characters people see of an ID, and may write in `MachineID`. */
const shortLength = 8;

/**
 * Takes a machine ID in from outside. Wider than the 32 hexadecimal digits of systemd, because tests and containers
 * name machines freely; narrow enough to be a part of a key or a path.
 * @throws {FleetError} `invalid-argument` with the text of {@link machineIdProblem}.
 */
export function parseMachineId(text: string): MachineId {
  const problem = machineIdProblem(text);
  if (problem !== undefined) throw new FleetError("invalid-argument", problem);
  return text as MachineId;
}

/** Says why a text cannot be a machine ID, naming the rule; or `undefined`. */
export function machineIdProblem(text: string): string | undefined {
  if (/^[0-9A-Za-z_-]{1,64}$/.test(text)) return undefined;
  const shown = quote(text.slice(0, 80));
  return `invalid machine ID ${shown}: it must be 1 to 64 characters of 0-9, A-Z, a-z, "_" and "-"`;
}

/** The first 8 characters of an ID, or all of a shorter one. For display. */
export function shortMachineId(id: string): string {
  return id.slice(0, shortLength);
}

/**
 * Says whether a unit's `MachineID` means this machine: the full ID, or its first 8 characters, case-sensitive. No
 * other prefix counts. A short ID may mean several machines; refusing it then is up to whoever knows all machines.
 */
export function matchesMachineId(required: string, id: string): boolean {
  return required !== "" && (required === id || required === shortMachineId(id));
}
