import { completeOptions, type MachineV1, type UnitV1 } from "@fleet/client";
import { parseRequirements, unitDescription, unitHash } from "@fleet/core";
import type { Command, CommandContext } from "../command.js";
import { exitCode } from "../exit-code.js";
import { type FilterSpec, filterOption, parseFilter } from "../filters/parse-filter.js";
import { tellError } from "../output/error-text.js";
import { hashCell, hashTexts } from "../output/hash-cell.js";
import { type ListShape, listOptions, readListView, renderList } from "../output/list.js";
import { indexMachines, type MachineIndex, machineItem, machineLegend } from "../output/machine-legend.js";
import { withShortIds } from "../output/short-ids.js";
import { readReasons } from "../units/read-reasons.js";

interface Row {
  readonly unit: UnitV1;
  readonly isGlobal: boolean;
  readonly machines: MachineIndex;
  /** Why it is not where it should be, if the leader has said so. */
  readonly reason: string | undefined;
  readonly isFull: boolean;
}

const shape: ListShape<Row> = {
  schema: "fleetctl.list-unit-files/1",
  fields: {
    unit: ({ unit }) => unit.name ?? "",
    hash: ({ unit, isFull }) => hashCell(hashOf(unit), isFull),
    desc: ({ unit }) => description(unit) || "-",
    global: ({ isGlobal }) => String(isGlobal),
    dstate: ({ unit }) => unit.desiredState || "-",
    state: ({ unit, isGlobal }) => (isGlobal ? "-" : unit.currentState || "-"),
    reason: ({ reason, machines }) => (reason === undefined ? "-" : withShortIds(reason, machines)),
    target,
    tmachine: target,
  },
  columns: "unit,hash,dstate,state,target",
  wideColumns: "unit,hash,global,dstate,state,target,desc,reason",
  name: ({ unit }) => unit.name ?? "",
  item: ({ unit, isGlobal, machines, reason }) => ({
    unit: unit.name ?? "",
    hash: hashOf(unit) ?? null,
    description: description(unit) || null,
    global: isGlobal,
    desiredState: unit.desiredState || null,
    currentState: isGlobal ? null : unit.currentState || null,
    machine: isGlobal ? null : machineItem(unit.machineID, machines),
    reason: reason ?? null,
  }),
};

const wantedStates = ["inactive", "loaded", "launched"];

const filters: FilterSpec<Row> = {
  unit: ({ unit }) => unit.name ?? "",
  machine: ({ unit: { machineID }, isGlobal, machines }): MachineV1 | undefined =>
    machineID && !isGlobal ? (machines.get(machineID) ?? { id: machineID }) : undefined,
  texts: {
    state: ({ unit, isGlobal }) => [isGlobal ? "" : (unit.currentState ?? "")],
    dstate: ({ unit }) => [unit.desiredState ?? ""],
    global: ({ isGlobal }) => [String(isGlobal)],
    hash: ({ unit }) => hashTexts(hashOf(unit)),
  },
  words: { state: wantedStates, dstate: wantedStates, global: ["true", "false"] },
  offers: { unit: [{ kind: "units" }] },
};

/** `fleetctl list-unit-files`. */
export const listUnitFiles: Command = {
  name: "list-unit-files",
  summary: "List the units that exist in the cluster",
  usage: "list-unit-files [--no-legend] [-l|--full] [--fields] [--output=FORMAT] [--filter=KEY=PATTERN]",
  description:
    "Lists all units of the cluster, on a machine or not, with what is wanted of them (DSTATE) and what became of it\n" +
    "(STATE).",
  options: [...listOptions(shape), filterOption(filters)],
  examples: [
    { command: "fleetctl list-unit-files", what: "All units." },
    { command: "fleetctl list-unit-files --fields=unit,desc", what: "What they are for." },
    {
      command: "fleetctl list-unit-files --filter dstate=launched,machine=-,global=false",
      what: "What has not found a place.",
    },
    { command: "fleetctl list-unit-files --fields=unit,dstate,state,reason", what: "And why." },
  ],
  run: async (context, args) => {
    const view = readListView(args, shape);
    const filter = parseFilter(args.text("filter"), filters);
    warnOfTmachine(context, view.columns);
    const { client, signal } = context;
    const isDocument = view.format === "json" || view.format === "yaml";
    const showsMachines = view.columns.includes("target") || view.columns.includes("tmachine");
    try {
      const [units, machines] = await Promise.all([
        client.listUnits(signal),
        showsMachines || isDocument || filter.needsMachines ? client.listMachines(signal) : [],
      ]);
      const shared = { machines: indexMachines(machines), isFull: view.isFull, reason: undefined };
      const rows = units.map((unit): Row => ({ unit, isGlobal: isGlobal(unit), ...shared }));
      const chosen = rows.filter((row) => filter.matches(row));
      const isTold = isDocument || view.columns.includes("reason");
      const told = isTold ? await withReasons(context, chosen) : chosen;
      context.stdout.write(renderList(told, shape, view));
      return exitCode.ok;
    } catch (error) {
      signal.throwIfAborted();
      tellError(context, "Error retrieving list of units from repository", error);
      return exitCode.failed;
    }
  },
};

/** Looks up why units are nowhere, or not everywhere. Only those can have a reason, and they are few as a rule. */
async function withReasons(
  { client, signal }: CommandContext,
  rows: readonly Row[],
): Promise<readonly Row[]> {
  const waiting = rows.filter(
    ({ isGlobal, unit }) => unit.desiredState !== "inactive" && (isGlobal || !unit.machineID),
  );
  const names = waiting.flatMap(({ unit }) => unit.name ?? []);
  const reasons = await readReasons(client, names, signal);
  return rows.map((row) => ({ ...row, reason: reasons.get(row.unit.name ?? "") }));
}

function warnOfTmachine(context: CommandContext, names: readonly string[]): void {
  if (!names.includes("tmachine")) return;
  context.stderr.write('WARNING: The "tmachine" field is deprecated. Use "target" instead\n');
}

/** Without options the unit's record could not be read. */
function hashOf({ options }: UnitV1): string | undefined {
  return options === undefined ? undefined : unitHash(completeOptions(options));
}

/** A description may be continued over several lines; a row may not. */
function description({ options }: UnitV1): string {
  return unitDescription(completeOptions(options)).replaceAll(/\\?\n\s*/g, " ");
}

/** The requirements of a unit are read only if they can say so: most units have none, and lists are long. */
function isGlobal({ name, options }: UnitV1): boolean {
  if (!options?.some((option) => option.name === "Global")) return false;
  return parseRequirements(completeOptions(options), name ?? "").global;
}

function target({ unit, isGlobal, machines, isFull }: Row): string {
  if (isGlobal) return "global";
  return unit.machineID ? machineLegend(unit.machineID, machines, isFull) : "-";
}
