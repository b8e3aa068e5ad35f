import { completeOptions, type UnitV1 } from "@fleet/client";
import { parseRequirements, unitDescription, unitHash } from "@fleet/core";
import type { Command, CommandContext } from "../command.js";
import { exitCode } from "../exit-code.js";
import { tellError } from "../output/error-text.js";
import { fullOption } from "../output/full-option.js";
import { hashCell } from "../output/hash-cell.js";
import { indexMachines, type MachineIndex, machineLegend } from "../output/machine-legend.js";
import { type Fields, fieldsOption, noLegendOption, parseFields, renderTable } from "../output/table.js";

interface Row {
  readonly unit: UnitV1;
  readonly machines: MachineIndex;
  readonly isFull: boolean;
}

const fields: Fields<Row> = {
  unit: ({ unit }) => unit.name ?? "",
  // Without options the unit's record could not be read.
  hash: ({ unit: { options }, isFull }) =>
    options === undefined ? "-" : hashCell(unitHash(completeOptions(options)), isFull),
  // A description may be continued over several lines; a row may not.
  desc: ({ unit }) => unitDescription(completeOptions(unit.options)).replaceAll(/\\?\n\s*/g, " ") || "-",
  global: ({ unit }) => String(isGlobal(unit)),
  dstate: ({ unit }) => unit.desiredState || "-",
  state: ({ unit }) => (isGlobal(unit) ? "-" : unit.currentState || "-"),
  target,
  tmachine: target,
};

/** `fleetctl list-unit-files`. */
export const listUnitFiles: Command = {
  name: "list-unit-files",
  summary: "List the units that exist in the cluster",
  usage: "list-unit-files [--no-legend] [-l|--full] [--fields]",
  description:
    "Lists all units of the cluster, on a machine or not, with what is wanted of them (DSTATE) and what became of it\n" +
    "(STATE).",
  options: [fieldsOption(Object.keys(fields), "unit,hash,dstate,state,target"), fullOption, noLegendOption],
  examples: [
    { command: "fleetctl list-unit-files", what: "All units." },
    { command: "fleetctl list-unit-files --fields=unit,desc", what: "What they are for." },
  ],
  run: async (context, args) => {
    const names = parseFields(args.text("fields"), fields);
    warnOfTmachine(context, names);
    const { client, signal } = context;
    const needsMachines = names.includes("target") || names.includes("tmachine");
    try {
      const [units, machines] = await Promise.all([
        client.listUnits(signal),
        needsMachines ? client.listMachines(signal) : [],
      ]);
      const shared = { machines: indexMachines(machines), isFull: args.flag("full") };
      const rows = units.map((unit) => ({ unit, ...shared }));
      context.stdout.write(renderTable(rows, fields, names, !args.flag("no-legend")));
      return exitCode.ok;
    } catch (error) {
      signal.throwIfAborted();
      tellError(context, "Error retrieving list of units from repository", error);
      return exitCode.failed;
    }
  },
};

function warnOfTmachine(context: CommandContext, names: readonly string[]): void {
  if (!names.includes("tmachine")) return;
  context.stderr.write('WARNING: The "tmachine" field is deprecated. Use "target" instead\n');
}

function isGlobal(unit: UnitV1): boolean {
  return parseRequirements(completeOptions(unit.options), unit.name ?? "").global;
}

function target({ unit, machines, isFull }: Row): string {
  if (isGlobal(unit)) return "global";
  return unit.machineID ? machineLegend(unit.machineID, machines, isFull) : "-";
}
