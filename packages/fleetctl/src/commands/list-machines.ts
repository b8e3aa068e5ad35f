import { ApiError, type FleetClient, type MachineV1, type MachineV2 } from "@fleet/client";
import { formatMetadata } from "@fleet/core";
import type { Command, CommandContext } from "../command.js";
import { exitCode } from "../exit-code.js";
import { type FilterSpec, filterOption, parseFilter } from "../filters/parse-filter.js";
import { clusterRemarks } from "../machines/cluster-remarks.js";
import { machineName } from "../machines/find-machines.js";
import { machineRemark, machineState } from "../machines/machine-state.js";
import { tellError } from "../output/error-text.js";
import { type ListShape, listOptions, readListView, renderList } from "../output/list.js";
import { machineIdLegend } from "../output/machine-legend.js";

interface Row {
  readonly machine: MachineV1;
  /** What else is known of it; absent from a server that knows no more. */
  readonly details: MachineV2 | undefined;
  readonly isFull: boolean;
}

const columns = "machine,ip,metadata";

const shape: ListShape<Row> = {
  schema: "fleetctl.list-machines/1",
  fields: {
    machine: ({ machine, isFull }) => machineIdLegend(machine.id ?? "", isFull),
    ip: ({ machine }) => machine.primaryIP || "-",
    metadata: ({ machine }) => formatMetadata(machine.metadata ?? {}) || "-",
    state: ({ details }) => (details === undefined ? "-" : machineState(details)),
    units: ({ details }) => (details === undefined ? "-" : String(details.seats)),
    note: ({ details }) => (details === undefined ? "-" : machineRemark(details) || "-"),
  },
  columns,
  wideColumns: "machine,ip,metadata,state,units,note",
  name: ({ machine }) => machine.id ?? "",
  item: ({ machine, details }) => ({
    id: machine.id ?? "",
    ip: machine.primaryIP || null,
    metadata: machine.metadata ?? {},
    state: details === undefined ? null : machineState(details),
    units: details === undefined ? null : details.seats,
    note: details === undefined ? null : machineRemark(details) || null,
  }),
};

const filters: FilterSpec<Row> = {
  machine: ({ machine }) => machine,
  texts: {
    ip: ({ machine }) => [machine.primaryIP ?? ""],
    state: ({ details }) => (details === undefined ? [] : machineState(details).split(",")),
  },
};

/** `fleetctl list-machines`. */
export const listMachines: Command = {
  name: "list-machines",
  summary: "Enumerate the current hosts in the cluster",
  usage:
    "list-machines [-l|--full] [--all] [--no-legend] [--fields] [--output=FORMAT] [--filter=KEY=PATTERN]",
  description:
    "Lists all machines that are present in the cluster. Which of them are not simply up (cordoned, draining, leaving,\n" +
    "frozen) is told on stderr, or by the column state of --output=wide; and on stderr, too, which lost machines' units are\n" +
    "held back and which records cannot be read.",
  options: [
    ...listOptions(shape),
    filterOption(filters),
    { name: "all", type: "boolean", fallback: false, help: "Machines that are known but away, too." },
  ],
  examples: [
    { command: "fleetctl list-machines", what: "All machines with address and metadata." },
    { command: "fleetctl list-machines --no-legend --fields=ip", what: "Just the addresses, for a script." },
    {
      command: "fleetctl list-machines --filter metadata.disk=ssd --output=name",
      what: "Ids of some of them.",
    },
    { command: "fleetctl list-machines --all --output=wide", what: "Everything about all that are known." },
  ],
  run: async (context, args) => {
    const view = readListView(args, shape);
    const filter = parseFilter(args.text("filter"), filters);
    let all: readonly Listed[];
    try {
      all = await readMachines(context.client, context.signal);
    } catch (error) {
      context.signal.throwIfAborted();
      if (error instanceof ApiError && error.status === 503) tellUnavailable(context, error);
      else tellError(context, "Error retrieving list of active machines", error);
      return exitCode.failed;
    }
    const isListed = ({ details }: Listed): boolean => args.flag("all") || details?.condition !== "away";
    const rows = all.filter(isListed).map((listed) => ({ ...listed, isFull: view.isFull }));
    const chosen = rows.filter((row) => filter.matches(row));
    context.stdout.write(renderList(chosen, shape, view));
    if (view.format === "table" || view.format === "wide") {
      const told = new Set(view.columns.includes("state") ? chosen.map(({ details }) => details) : []);
      await remarkOn(
        context,
        all.flatMap(({ details }) => (details === undefined ? [] : [details])),
        told,
      );
    }
    return exitCode.ok;
  },
};

type Listed = Pick<Row, "machine" | "details">;

/** The machines that are known; of a server without the v2 API, those that are present. */
async function readMachines(client: FleetClient, signal: AbortSignal): Promise<readonly Listed[]> {
  const known = await client.listKnownMachines(signal);
  if (known === "unsupported") {
    const present = await client.listMachines(signal);
    return present.map((machine) => ({ machine, details: undefined }));
  }
  return known.map((details) => {
    const { machineID: id, metadata = {}, primaryIP = "" } = details;
    return { machine: { id, metadata, primaryIP }, details };
  });
}

/** How many machines are remarked upon by name. */
const remarksMax = 10;

/** Tells people what the columns have no place for. @param told - The machines whose column `state` says it. */
async function remarkOn(
  context: CommandContext,
  known: readonly MachineV2[],
  told: ReadonlySet<MachineV2 | undefined>,
): Promise<void> {
  const { client, signal, stderr } = context;
  const remarkable = known.filter((machine) => !told.has(machine) && isRemarkable(machine));
  for (const machine of remarkable.slice(0, remarksMax)) {
    const remark = machineRemark(machine);
    stderr.write(
      `Machine ${machineName(machine)} is ${machineState(machine)}${remark === "" ? "" : `: ${remark}`}\n`,
    );
  }
  if (remarkable.length > remarksMax) {
    stderr.write(`${remarkable.length - remarksMax} more are not simply up: see --output=wide --all\n`);
  }
  if (known.length === 0) return;
  // The list is there; what else there is to say of the cluster is no reason to fail.
  const status = await client.status(signal).catch(() => "unsupported" as const);
  signal.throwIfAborted();
  if (status !== "unsupported") for (const line of clusterRemarks(status)) stderr.write(`${line}\n`);
}

/** A machine that is just away is no news in a list of those that are present. */
function isRemarkable(machine: MachineV2): boolean {
  const state = machineState(machine);
  return (state !== "up" && state !== "away") || machine.duplicate !== undefined;
}

/** What a server says that has no etcd, in the original's words; scripts know what follows it. */
const withoutEtcd = "fleet server unable to communicate with etcd";

/** A server that knows what is wrong says so; else what it may be, in the original's words. */
function tellUnavailable({ stderr }: CommandContext, { hint, message }: ApiError): void {
  stderr.write(
    `Error retrieving list of active machines from fleet API (googleapi: Error 503: ${message})\n` +
      (hint === undefined || message === withoutEtcd
        ? "Possible issues:\n" +
          "  etcd is unhealthy and/or lost quorum\n" +
          "  connection cannot be established to any etcd servers\n"
        : `Hint: ${hint}\n`),
  );
}
