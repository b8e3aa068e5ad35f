import { ApiError, type MachineV1 } from "@fleet/client";
import { formatMetadata } from "@fleet/core";
import type { Command } from "../command.js";
import { exitCode } from "../exit-code.js";
import { tellError } from "../output/error-text.js";
import { fullOption } from "../output/full-option.js";
import { machineIdLegend } from "../output/machine-legend.js";
import { type Fields, fieldsOption, noLegendOption, parseFields, renderTable } from "../output/table.js";

interface Row {
  readonly machine: MachineV1;
  readonly isFull: boolean;
}

const fields: Fields<Row> = {
  machine: ({ machine, isFull }) => machineIdLegend(machine.id ?? "", isFull),
  ip: ({ machine }) => machine.primaryIP || "-",
  metadata: ({ machine }) => formatMetadata(machine.metadata ?? {}) || "-",
};

/** `fleetctl list-machines`. */
export const listMachines: Command = {
  name: "list-machines",
  summary: "Enumerate the current hosts in the cluster",
  usage: "list-machines [-l|--full] [--no-legend] [--fields]",
  description: "Lists all machines that are present in the cluster.",
  options: [fieldsOption(Object.keys(fields), "machine,ip,metadata"), fullOption, noLegendOption],
  examples: [
    { command: "fleetctl list-machines", what: "All machines with address and metadata." },
    { command: "fleetctl list-machines --no-legend --fields=ip", what: "Just the addresses, for a script." },
  ],
  run: async (context, args) => {
    const names = parseFields(args.text("fields"), fields);
    let machines: readonly MachineV1[];
    try {
      machines = await context.client.listMachines(context.signal);
    } catch (error) {
      context.signal.throwIfAborted();
      if (!(error instanceof ApiError && error.status === 503)) {
        tellError(context, "Error retrieving list of active machines", error);
        return exitCode.failed;
      }
      context.stderr.write(
        `Error retrieving list of active machines from fleet API (googleapi: Error 503: ${error.message})\n` +
          "Possible issues:\n" +
          "  etcd is unhealthy and/or lost quorum\n" +
          "  connection cannot be established to any etcd servers\n",
      );
      return exitCode.failed;
    }
    const rows = machines.map((machine) => ({ machine, isFull: args.flag("full") }));
    context.stdout.write(renderTable(rows, fields, names, !args.flag("no-legend")));
    return exitCode.ok;
  },
};
