import type { UnitStateV2, UnitStatusV2, UnitsSnapshot } from "@fleet/client";
import { closest } from "@fleet/core";
import type { CommandArgs, OptionSpec } from "../command.js";
import { exitCode } from "../exit-code.js";
import { hashCell } from "../output/hash-cell.js";
import { type ListShape, type ListView, renderList } from "../output/list.js";
import { type MachineIndex, machineItem, machineLegend } from "../output/machine-legend.js";
import { UsageError } from "../usage-error.js";
import type { Places } from "./find-places.js";

/** What `status` can print: systemctl's own page, or a list of what the cluster knows. */
const formats = ["text", "wide", "name", "json", "yaml"] as const;
/** systemctl's exit status for units that do not run. */
const notRunning = 3;

/** `--output`, as `status` has it. */
export const statusOutputOption: OptionSpec = {
  name: "output",
  short: "o",
  type: "text",
  fallback: "text",
  offers: [{ kind: "words", words: formats }],
  help: `How to print: ${formats.join(", ")}. All but text print what the cluster knows, without asking any machine.`,
};

/** Reads {@link statusOutputOption}. @returns `undefined` for systemctl's page. @throws {UsageError} */
export function readStatusView(args: CommandArgs): ListView | undefined {
  const text = args.text("output");
  const format = formats.find((candidate) => candidate === text);
  if (format === "text") return undefined;
  if (format !== undefined) {
    return { format, columns: shape.wideColumns.split(","), isFull: true, withLegend: true };
  }
  const meant = closest(text, formats);
  throw new UsageError(`Error: unknown format ${JSON.stringify(text)} for --output`, {
    suggestions: meant === undefined ? [] : [`--output=${meant}`],
    hint: `The formats are ${formats.join(", ")}`,
  });
}

/** A unit, and where it was found to be; one that does not exist has no part in the list. */
export interface SoughtUnit {
  readonly name: string;
  readonly places: Exclude<Places, { readonly kind: "absent" }>;
}

interface Row {
  readonly unit: UnitStatusV2 | undefined;
  readonly name: string;
  readonly machineId: string | undefined;
  readonly state: UnitStateV2 | undefined;
  /** Why it is not there, or what its machine says against it. */
  readonly reason: string | undefined;
  readonly machines: MachineIndex;
}

const shape: ListShape<Row> = {
  schema: "fleetctl.status/1",
  fields: {
    unit: ({ name }) => name,
    machine: ({ machineId, machines }) => (machineId ? machineLegend(machineId, machines, true) : "-"),
    dstate: ({ unit }) => unit?.desiredState || "-",
    load: ({ state }) => state?.systemdLoadState || "-",
    active: ({ state }) => state?.systemdActiveState || "-",
    sub: ({ state }) => state?.systemdSubState || "-",
    job: ({ state }) => state?.jobResult ?? "-",
    hash: ({ unit }) => hashCell(unit?.hash, true),
    reason: ({ reason }) => reason ?? "-",
    drift: ({ state }) => state?.drift ?? "-",
  },
  columns: "unit,machine,dstate,load,active,sub,job,hash,reason",
  wideColumns: "unit,machine,dstate,load,active,sub,job,hash,reason",
  name: ({ name }) => name,
  item: ({ machineId, machines, name, reason, state, unit }) => ({
    unit: name,
    global: unit?.global ?? false,
    desiredState: unit?.desiredState || null,
    hash: unit?.hash || null,
    machine: machineItem(machineId, machines),
    load: state?.systemdLoadState || null,
    active: state?.systemdActiveState || null,
    sub: state?.systemdSubState || null,
    jobResult: state?.jobResult ?? null,
    sinceMs: state === undefined || state.sinceMs === 0 ? null : state.sinceMs,
    reason: reason ?? null,
    drift: state?.drift ?? null,
  }),
};

/** Prints the units, an item for each of their machines, and one without any for those that are nowhere. */
export function renderStatus(
  units: readonly SoughtUnit[],
  snapshot: UnitsSnapshot,
  machines: MachineIndex,
  view: ListView,
): { readonly text: string; readonly code: number } {
  const rows = units.flatMap(({ name, places }): readonly Row[] => {
    const shared = { name, machines, unit: snapshot.units.get(name) };
    if (places.kind === "nowhere") {
      return [{ ...shared, machineId: undefined, state: undefined, reason: places.why }];
    }
    return places.machineIds.map((machineId) => {
      const state = snapshot.states.get(name)?.find(({ machineID }) => machineID === machineId);
      return { ...shared, machineId, state, reason: state?.reason || undefined };
    });
  });
  return { text: renderList(rows, shape, view), code: Math.max(exitCode.ok, ...rows.map(codeOf)) };
}

/** The status that `systemctl status` would have ended with, and fleetctl's own for a unit that is nowhere. */
function codeOf({ machineId, state }: Row): number {
  if (machineId === undefined) return exitCode.failed;
  const active = state?.systemdActiveState ?? "";
  return ["active", "reloading", "refreshing"].includes(active) ? exitCode.ok : notRunning;
}
