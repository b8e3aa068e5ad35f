import type { MachineV2 } from "@fleet/client";
import { FleetError } from "@fleet/core";
import type { CommandContext } from "../command.js";
import { cannotProceed } from "../remote/choose-machine.js";

/** What a server without the v2 API cannot do. */
const unsupported = "the server does not know of cordoned and drained machines";

/**
 * Finds the machines that words mean: a whole id, the beginning of one, or an address. Machines that are away are found,
 * too.
 * @returns each machine once, in the order named.
 * @throws {FleetError} `not-found` if a word means none or several.
 */
export async function findMachines(
  { client, signal }: CommandContext,
  words: readonly string[],
): Promise<readonly MachineV2[]> {
  const machines = await client.listKnownMachines(signal);
  if (machines === "unsupported") throw new FleetError("invalid-argument", unsupported);
  return [...new Set(words.map((word) => theOne(machines, word)))];
}

function theOne(machines: readonly MachineV2[], word: string): MachineV2 {
  const found = matching(machines, word);
  const [first, ...others] = found;
  if (first === undefined) {
    throw new FleetError("not-found", `${cannotProceed}: machine ${word} does not exist`, {
      hint: "see fleetctl list-machines --all",
    });
  }
  if (others.length === 0) return first;
  const lines = found.map(({ machineID, primaryIP = "" }) => `\n      ${machineID}  ${primaryIP}`);
  throw new FleetError("not-found", `${cannotProceed}: ${word} means more than one machine`, {
    hint: `name one of them:${lines.join("")}`,
  });
}

/** The whole id means its machine, even if another one's begins with it. */
function matching(machines: readonly MachineV2[], word: string): readonly MachineV2[] {
  const exact = machines.filter(({ machineID }) => machineID === word);
  if (exact.length > 0) return exact;
  return machines.filter(({ machineID, primaryIP }) => machineID.startsWith(word) || primaryIP === word);
}

/** A machine as people know it: the beginning of its id, and its address if that is known. */
export function machineName({ machineID, primaryIP = "" }: MachineV2): string {
  return `${machineID.slice(0, 8)}...${primaryIP === "" ? "" : `/${primaryIP}`}`;
}
