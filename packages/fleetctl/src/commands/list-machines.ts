import { ApiError, type MachineV1 } from "@fleet/client";
import { formatMetadata } from "@fleet/core";
import type { Command, CommandContext } from "../command.js";
import { exitCode } from "../exit-code.js";
import { type FilterSpec, filterOption, parseFilter } from "../filters/parse-filter.js";
import { tellError } from "../output/error-text.js";
import { type ListShape, listOptions, readListView, renderList } from "../output/list.js";
import { machineIdLegend } from "../output/machine-legend.js";

interface Row {
  readonly machine: MachineV1;
  readonly isFull: boolean;
}

const columns = "machine,ip,metadata";

const shape: ListShape<Row> = {
  schema: "fleetctl.list-machines/1",
  fields: {
    machine: ({ machine, isFull }) => machineIdLegend(machine.id ?? "", isFull),
    ip: ({ machine }) => machine.primaryIP || "-",
    metadata: ({ machine }) => formatMetadata(machine.metadata ?? {}) || "-",
  },
  columns,
  wideColumns: columns,
  name: ({ machine }) => machine.id ?? "",
  item: ({ machine }) => ({
    id: machine.id ?? "",
    ip: machine.primaryIP || null,
    metadata: machine.metadata ?? {},
  }),
};

const filters: FilterSpec<Row> = {
  machine: ({ machine }) => machine,
  texts: { ip: ({ machine }) => [machine.primaryIP ?? ""] },
};

/** `fleetctl list-machines`. */
export const listMachines: Command = {
  name: "list-machines",
  summary: "Enumerate the current hosts in the cluster",
  usage: "list-machines [-l|--full] [--no-legend] [--fields] [--output=FORMAT] [--filter=KEY=PATTERN]",
  description: "Lists all machines that are present in the cluster.",
  options: [...listOptions(shape), filterOption(filters)],
  examples: [
    { command: "fleetctl list-machines", what: "All machines with address and metadata." },
    { command: "fleetctl list-machines --no-legend --fields=ip", what: "Just the addresses, for a script." },
    {
      command: "fleetctl list-machines --filter metadata.disk=ssd --output=name",
      what: "Ids of some of them.",
    },
  ],
  run: async (context, args) => {
    const view = readListView(args, shape);
    const filter = parseFilter(args.text("filter"), filters);
    let machines: readonly MachineV1[];
    try {
      machines = await context.client.listMachines(context.signal);
    } catch (error) {
      context.signal.throwIfAborted();
      if (error instanceof ApiError && error.status === 503) tellUnavailable(context, error);
      else tellError(context, "Error retrieving list of active machines", error);
      return exitCode.failed;
    }
    const rows = machines.map((machine) => ({ machine, isFull: view.isFull }));
    const chosen = rows.filter((row) => filter.matches(row));
    context.stdout.write(renderList(chosen, shape, view));
    return exitCode.ok;
  },
};

/** A server that knows what is wrong says so; else what it may be, in the original's words. */
function tellUnavailable({ stderr }: CommandContext, { hint, message }: ApiError): void {
  stderr.write(
    `Error retrieving list of active machines from fleet API (googleapi: Error 503: ${message})\n` +
      (hint === undefined
        ? "Possible issues:\n" +
          "  etcd is unhealthy and/or lost quorum\n" +
          "  connection cannot be established to any etcd servers\n"
        : `Hint: ${hint}\n`),
  );
}
