import type { MachineV1, UnitStateV1 } from "@fleet/client";
import type { Command } from "../command.js";
import { exitCode } from "../exit-code.js";
import { type FilterSpec, filterOption, parseFilter } from "../filters/parse-filter.js";
import { tellError } from "../output/error-text.js";
import { hashCell, hashTexts } from "../output/hash-cell.js";
import { type ListShape, listOptions, readListView, renderList } from "../output/list.js";
import { indexMachines, type MachineIndex, machineItem, machineLegend } from "../output/machine-legend.js";

interface Row {
  readonly state: UnitStateV1;
  readonly machines: MachineIndex;
  readonly isFull: boolean;
}

const shape: ListShape<Row> = {
  schema: "fleetctl.list-units/1",
  fields: {
    unit: ({ state }) => state.name ?? "",
    load: ({ state }) => state.systemdLoadState ?? "",
    active: ({ state }) => state.systemdActiveState ?? "",
    sub: ({ state }) => state.systemdSubState ?? "",
    machine: ({ state, machines, isFull }) =>
      state.machineID ? machineLegend(state.machineID, machines, isFull) : "-",
    hash: ({ state, isFull }) => hashCell(state.hash, isFull),
  },
  columns: "unit,machine,active,sub",
  wideColumns: "unit,machine,load,active,sub,hash",
  name: ({ state }) => state.name ?? "",
  item: ({ state, machines }) => ({
    unit: state.name ?? "",
    machine: machineItem(state.machineID, machines),
    load: state.systemdLoadState ?? "",
    active: state.systemdActiveState ?? "",
    sub: state.systemdSubState ?? "",
    hash: state.hash ?? null,
  }),
};

const filters: FilterSpec<Row> = {
  unit: ({ state }) => state.name ?? "",
  machine,
  texts: {
    // As systemctl's --state: whichever of the three says so.
    state: ({ state }) => [
      state.systemdLoadState ?? "",
      state.systemdActiveState ?? "",
      state.systemdSubState ?? "",
    ],
    load: ({ state }) => [state.systemdLoadState ?? ""],
    active: ({ state }) => [state.systemdActiveState ?? ""],
    sub: ({ state }) => [state.systemdSubState ?? ""],
    hash: ({ state }) => hashTexts(state.hash),
  },
  offers: {
    unit: [{ kind: "placed-units" }],
    state: [
      {
        kind: "words",
        words: ["active", "activating", "deactivating", "exited", "failed", "inactive", "running"],
      },
    ],
    load: [{ kind: "words", words: ["loaded", "error", "masked", "not-found"] }],
    active: [{ kind: "words", words: ["active", "activating", "deactivating", "failed", "inactive"] }],
    sub: [{ kind: "words", words: ["dead", "exited", "failed", "running"] }],
  },
};

/** `fleetctl list-units`. */
export const listUnits: Command = {
  name: "list-units",
  summary: "List the current state of units in the cluster",
  usage: "list-units [--no-legend] [-l|--full] [--fields] [--output=FORMAT] [--filter=KEY=PATTERN]",
  description:
    "Lists all units that are on a machine, with what systemd says of them there. A global unit has a line for each\n" +
    "machine. For units that are not on any machine see list-unit-files.",
  options: [...listOptions(shape), filterOption(filters)],
  examples: [
    { command: "fleetctl list-units", what: "Everything that is on a machine." },
    { command: "fleetctl list-units --fields=unit,hash,active -l", what: "With full hashes." },
    {
      command: "fleetctl list-units --filter state=failed --output=json",
      what: "What has failed, for a program.",
    },
    {
      command: "fleetctl list-units --filter 'unit=web@*,metadata.region=eu'",
      what: "The instances of one template on machines of one region.",
    },
  ],
  run: async (context, args) => {
    const view = readListView(args, shape);
    const filter = parseFilter(args.text("filter"), filters);
    const { client, signal } = context;
    const isDocument = view.format === "json" || view.format === "yaml";
    const needsMachines = view.columns.includes("machine") || isDocument || filter.needsMachines;
    try {
      const [states, machines] = await Promise.all([
        client.listStates({}, signal),
        needsMachines ? client.listMachines(signal) : [],
      ]);
      const shared = { machines: indexMachines(machines), isFull: view.isFull };
      const rows = states.map((state) => ({ state, ...shared }));
      const chosen = rows.filter((row) => filter.matches(row));
      context.stdout.write(renderList(chosen, shape, view));
      return exitCode.ok;
    } catch (error) {
      signal.throwIfAborted();
      tellError(context, "Error retrieving list of units from repository", error);
      return exitCode.failed;
    }
  },
};

/** A machine that has gone is known by its id alone. */
function machine({ state: { machineID }, machines }: Row): MachineV1 | undefined {
  return machineID ? (machines.get(machineID) ?? { id: machineID }) : undefined;
}
