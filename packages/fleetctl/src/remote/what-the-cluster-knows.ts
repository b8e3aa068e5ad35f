import type { UnitStateV2, UnitsSnapshot } from "@fleet/client";
import type { CommandContext } from "../command.js";
import { type MachineIndex, machineLegend } from "../output/machine-legend.js";
import { isLoopback, localMachineId } from "./local-machine.js";

/** A unit on a machine where systemd could not be asked about it. */
export interface UnansweredQuestion {
  readonly name: string;
  readonly machineId: string;
  readonly snapshot: UnitsSnapshot;
  readonly machines: MachineIndex;
  /** Whether the machine was reached, and its systemd knew nothing of the unit. */
  readonly wasReached: boolean;
}

/**
 * Tells, on stderr, what the cluster knows of a unit that systemd could not be asked about, and why that may be. Machines of
 * `npm run demo` are the commonest case: they share their host's address and sshd, and their systemd is out of its reach.
 */
export async function tellWhatIsKnown(context: CommandContext, question: UnansweredQuestion): Promise<void> {
  const { stderr } = context;
  const { machineId, machines, name, snapshot } = question;
  const legend = machineLegend(machineId, machines, false);
  const state = snapshot.states.get(name)?.find(({ machineID }) => machineID === machineId);
  if (state !== undefined) {
    stderr.write(`The cluster knows: unit ${name} on ${legend} is ${stateWords(state)}\n`);
  }
  const why =
    machineId === (await localMachineId(context)) ? whyUnknownHere(question) : whyUnanswered(question);
  if (why !== undefined) stderr.write(`Hint: ${why}\n`);
}

/** Says why a machine with this address may not be one that can be asked. @returns `undefined` if nothing is known. */
export function simulationHint(address: string): string | undefined {
  if (!isLoopback(address)) return undefined;
  return (
    `${address} is an address of this host itself: a machine that is simulated on it, as by "npm run demo", has a systemd of its own,\n` +
    "      which ssh and the host's systemctl do not reach; use fleetctl list-units, and the files that npm run demo -- status names"
  );
}

function whyUnknownHere({ name, wasReached }: UnansweredQuestion): string | undefined {
  if (!wasReached) return undefined;
  return `the system's manager of this machine does not know ${name}; fleetd may drive yours: try systemctl --user status ${name}`;
}

function whyUnanswered({ machineId, machines, name, wasReached }: UnansweredQuestion): string | undefined {
  const address = machines.get(machineId)?.primaryIP ?? "";
  const simulated = simulationHint(address);
  if (simulated !== undefined || !wasReached) return simulated;
  return (
    `the system's manager of that machine does not know ${name}: its fleetd may drive a user's manager;\n` +
    `      try fleetctl ssh ${machineId} systemctl --user status ${name}`
  );
}

function stateWords(state: UnitStateV2): string {
  const { jobResult, reason, systemdActiveState, systemdLoadState, systemdSubState } = state;
  const words = [
    systemdLoadState || "unknown to systemd",
    `${systemdActiveState || "?"} (${systemdSubState || "?"})`,
  ];
  if (jobResult !== undefined && jobResult !== "done") words.push(`its last job: ${jobResult}`);
  if (reason !== undefined && reason !== "") words.push(reason);
  return words.join(", ");
}
