import type { MachineV1, UnitsSnapshot } from "@fleet/client";
import { completeUnitName } from "@fleet/core";
import type { CommandContext } from "../command.js";
import { indexMachines, machineLegend } from "../output/machine-legend.js";
import { parseUnitAddress } from "../patterns/unit-address.js";
import { findPlaces } from "../units/find-places.js";

/** The beginning of what the original says when no machine, or more than one, is meant. */
export const cannotProceed = "Unable to proceed";
/** What the original says of a unit without a machine, or a machine without an address. */
export const noAddress = "Could not determine address of machine.";

/** What was named on the command line. */
export type MachineQuestion =
  | { readonly kind: "machine"; readonly prefix: string }
  | { readonly kind: "unit"; readonly unit: string }
  /** The beginning of a machine's id, or a unit. */
  | { readonly kind: "either"; readonly word: string };

/** The machine that was meant; or why there is none, in the original's words. */
export type MachineChoice =
  | { readonly kind: "found"; readonly machine: MachineV1 }
  | { readonly kind: "none"; readonly message: string; readonly hint?: string };

/**
 * Finds the machine that a word means.
 * @throws the server's error if it cannot be asked.
 */
export async function chooseMachine(
  { client, signal }: CommandContext,
  question: MachineQuestion,
): Promise<MachineChoice> {
  const machines = await client.listMachines(signal);
  if (question.kind === "machine") return chooseByPrefix(machines, question.prefix);
  const { machine, unit } = parseUnitAddress(question.kind === "unit" ? question.unit : question.word);
  const name = completeUnitName(unit);
  const snapshot = await client.look([name], signal);
  if (question.kind === "unit") return chooseByUnit(machines, snapshot, name, machine);
  return chooseByEither(machines, snapshot, { word: question.word, name, machine });
}

function chooseByEither(
  machines: readonly MachineV1[],
  snapshot: UnitsSnapshot,
  {
    machine,
    name,
    word,
  }: { readonly word: string; readonly name: string; readonly machine: string | undefined },
): MachineChoice {
  const byPrefix = withPrefix(machines, word);
  if (!snapshot.units.has(name)) {
    if (byPrefix.length > 0) return chooseByPrefix(machines, word);
    return {
      kind: "none",
      message: `${cannotProceed}: could not find matching unit or machine`,
      hint: `there is no unit ${name}, and no machine whose id begins with ${word}: see fleetctl list-machines`,
    };
  }
  if (byPrefix.length === 0) return chooseByUnit(machines, snapshot, name, machine);
  return {
    kind: "none",
    message:
      `${cannotProceed}: ambiguous argument, both machine and unit found for \`${word}\`.\n` +
      "Please use flag `--machine` or `--unit` to refine the search",
  };
}

function chooseByPrefix(machines: readonly MachineV1[], prefix: string): MachineChoice {
  const [first, ...others] = withPrefix(machines, prefix);
  if (first === undefined) {
    const hint = `no machine has an id that begins with ${prefix}: see fleetctl list-machines`;
    return { kind: "none", message: `${cannotProceed}: machine does not exist`, hint };
  }
  if (others.length === 0) return { kind: "found", machine: first };
  return {
    kind: "none",
    message: `${cannotProceed}: found more than one machine`,
    hint: candidates([first, ...others], (machine) => machine.id ?? ""),
  };
}

function chooseByUnit(
  machines: readonly MachineV1[],
  snapshot: UnitsSnapshot,
  name: string,
  prefix: string | undefined,
): MachineChoice {
  const places = findPlaces(name, snapshot, prefix);
  if (places.kind === "absent") return { kind: "none", message: `${cannotProceed}: unit does not exist` };
  if (places.kind === "nowhere") {
    const hint = `unit ${name}: ${places.why}`;
    return { kind: "none", message: noAddress, hint };
  }
  const there = machines.filter(({ id }) => places.machineIds.includes(id ?? ""));
  const [first, ...others] = there;
  if (first === undefined) {
    const hint = `unit ${name}: machine ${places.machineIds.join(", ")} is not present`;
    return { kind: "none", message: noAddress, hint };
  }
  if (others.length === 0) return { kind: "found", machine: first };
  return {
    kind: "none",
    message: `${cannotProceed}: unit ${name} is on more than one machine`,
    hint: candidates(there, (machine) => `${name}@@${machine.id}`),
  };
}

/** The whole id means its machine, even if another one's begins with it. */
function withPrefix(machines: readonly MachineV1[], prefix: string): readonly MachineV1[] {
  const exact = machines.filter(({ id }) => id === prefix);
  return exact.length > 0 ? exact : machines.filter(({ id }) => id?.startsWith(prefix));
}

function candidates(machines: readonly MachineV1[], write: (machine: MachineV1) => string): string {
  const index = indexMachines(machines);
  const lines = machines.map(
    (machine) => `\n      ${write(machine)}  (${machineLegend(machine.id ?? "", index, false)})`,
  );
  return `name one of them:${lines.join("")}`;
}
