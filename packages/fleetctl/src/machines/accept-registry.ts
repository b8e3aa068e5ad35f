import { completeOptions, type UnitV1 } from "@fleet/client";
import { compareUnitNames, parseRequirements, type UnitName } from "@fleet/core";
import type { CommandContext } from "../command.js";
import { exitCode } from "../exit-code.js";
import { type DocumentFormat, renderDocument } from "../output/document.js";
import { machineIdLegend } from "../output/machine-legend.js";

/** The name and version of the document; docs/output.md describes it. */
const acceptanceSchema = "fleetctl.accept/1";

/** Units that are named in a line for people. */
const namesMax = 10;

/** An exclusive unit that has its place on a machine that was accepted, and is to run there. */
interface ExclusivePlace {
  readonly unit: string;
  readonly machine: string;
}

/**
 * Has one machine, or all, believe the present etcd, and warns of what may come of it: exclusive units are started where this
 * etcd has their places, also if it was restored and a newer copy runs elsewhere.
 * @param id - `undefined` for all machines.
 * @returns the exit status.
 */
export async function acceptRegistry(
  context: CommandContext,
  id: string | undefined,
  format: DocumentFormat,
): Promise<number> {
  const { client, signal, stdout, stderr } = context;
  const { stillFrozen = [] } = await client.accept(id, signal);
  const exclusive = await exclusivePlaces(context, id);
  if (format !== "text") {
    const places = exclusive === "unknown" ? null : exclusive.map(({ unit, machine }) => ({ unit, machine }));
    const document = { machine: id ?? null, stillFrozen, exclusive: places };
    stdout.write(renderDocument(format, acceptanceSchema, document));
    return exitCode.ok;
  }
  stdout.write(id === undefined ? "Accepted etcd for all machines\n" : `Accepted etcd for machine ${id}\n`);
  if (stillFrozen.length > 0) {
    const others = stillFrozen.map((other) => machineIdLegend(other, false)).join(" ");
    stdout.write(`Still frozen: ${others} (fleetctl machine accept --all accepts for all)\n`);
  }
  for (const line of warnings(exclusive, stillFrozen.length > 0)) stderr.write(`Warning: ${line}\n`);
  return exitCode.ok;
}

function warnings(exclusive: readonly ExclusivePlace[] | "unknown", isAnyFrozen: boolean): readonly string[] {
  const check =
    "if etcd was restored and a unit had moved since the backup, its newer copy may still run: " +
    "stop it there with systemctl";
  if (exclusive === "unknown") {
    return [`it is not known yet which exclusive units have their places where; ${check}`];
  }
  if (exclusive.length === 0) return [];
  const named = exclusive
    .slice(0, namesMax)
    .map(({ unit, machine }) => `${unit} on ${machineIdLegend(machine, false)}`);
  if (exclusive.length > namesMax) named.push(`${exclusive.length - namesMax} more`);
  return [
    `exclusive units are started where this etcd has their places: ${named.join(", ")}; ${check}`,
    ...(isAnyFrozen ? ["machines that are still frozen stop no copy of them"] : []),
  ];
}

/** @returns `unknown` if no server can say it, because those that were asked are still frozen. */
async function exclusivePlaces(
  { client, signal }: CommandContext,
  id: string | undefined,
): Promise<readonly ExclusivePlace[] | "unknown"> {
  let units: readonly UnitV1[];
  try {
    units = await client.listUnits(signal);
  } catch {
    // It was accepted, which is what was asked for.
    signal.throwIfAborted();
    return "unknown";
  }
  return units
    .filter((unit) => unit.desiredState === "launched" && isExclusive(unit))
    .map(({ name = "", machineID = "" }) => ({ unit: name, machine: machineID }))
    .filter(({ machine }) => machine !== "" && (id === undefined || machine === id))
    .sort((a, b) => compareUnitNames(a.unit as UnitName, b.unit as UnitName));
}

function isExclusive({ name = "", options }: UnitV1): boolean {
  if (!options?.some((option) => option.name === "Exclusive")) return false;
  return parseRequirements(completeOptions(options), name).exclusive;
}
