import type { UnitStateV1 } from "@fleet/client";
import type { Command } from "../command.js";
import { exitCode } from "../exit-code.js";
import { tellError } from "../output/error-text.js";
import { fullOption } from "../output/full-option.js";
import { hashCell } from "../output/hash-cell.js";
import { indexMachines, type MachineIndex, machineLegend } from "../output/machine-legend.js";
import { type Fields, fieldsOption, noLegendOption, parseFields, renderTable } from "../output/table.js";

interface Row {
  readonly state: UnitStateV1;
  readonly machines: MachineIndex;
  readonly isFull: boolean;
}

const fields: Fields<Row> = {
  unit: ({ state }) => state.name ?? "",
  load: ({ state }) => state.systemdLoadState ?? "",
  active: ({ state }) => state.systemdActiveState ?? "",
  sub: ({ state }) => state.systemdSubState ?? "",
  machine: ({ state, machines, isFull }) =>
    state.machineID ? machineLegend(state.machineID, machines, isFull) : "-",
  hash: ({ state, isFull }) => hashCell(state.hash, isFull),
};

/** `fleetctl list-units`. */
export const listUnits: Command = {
  name: "list-units",
  summary: "List the current state of units in the cluster",
  usage: "list-units [--no-legend] [-l|--full] [--fields]",
  description:
    "Lists all units that are on a machine, with what systemd says of them there. A global unit has a line for each\n" +
    "machine. For units that are not on any machine see list-unit-files.",
  options: [fieldsOption(Object.keys(fields), "unit,machine,active,sub"), fullOption, noLegendOption],
  examples: [
    { command: "fleetctl list-units", what: "Everything that is on a machine." },
    { command: "fleetctl list-units --fields=unit,hash,active -l", what: "With full hashes." },
  ],
  run: async (context, args) => {
    const names = parseFields(args.text("fields"), fields);
    const { client, signal } = context;
    try {
      const [states, machines] = await Promise.all([
        client.listStates({}, signal),
        names.includes("machine") ? client.listMachines(signal) : [],
      ]);
      const shared = { machines: indexMachines(machines), isFull: args.flag("full") };
      const rows = states.map((state) => ({ state, ...shared }));
      context.stdout.write(renderTable(rows, fields, names, !args.flag("no-legend")));
      return exitCode.ok;
    } catch (error) {
      signal.throwIfAborted();
      tellError(context, "Error retrieving list of units from repository", error);
      return exitCode.failed;
    }
  },
};
