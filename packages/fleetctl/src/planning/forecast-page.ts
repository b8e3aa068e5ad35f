import type { ForecastV2, ForeseenLoadV2, ForeseenMoveV2, ForeseenRefusalV2 } from "@fleet/client";
import { type MachineIndex, machineItem, machineLegend } from "../output/machine-legend.js";
import { withShortIds } from "../output/short-ids.js";
import { layOutColumns } from "../output/tabwriter.js";
import type { Plain } from "../output/yaml.js";

/** The name and version of the document; docs/output.md describes it. */
export const forecastSchema = "fleetctl.plan/1";

/** How many lines a section has. */
const linesMax = 200;
/** Of more machines only those are shown whose load would change. */
const allMachinesMax = 20;

/** A forecast for people: what would move, what would have no place, and the load. */
export function forecastPage(forecast: ForecastV2, machines: MachineIndex): string {
  const { moves = [], movesTotal, refusals = [], remarks = [], revision } = forecast;
  const fresh = refusals.filter(({ isNew }) => isNew);
  const old = forecast.refusalsTotal - fresh.length;
  const sections = [
    `${verdict(forecast, fresh.length)}\n`,
    moves.length === 0 ? "" : moveTable(moves, movesTotal, machines),
    fresh.length === 0 ? "" : `No place for:\n${refusalLines(fresh, machines)}`,
    old === 0
      ? ""
      : `${old === 1 ? "1 unit waits" : `${old} units wait`} for a place already, and would go on waiting.\n`,
    loadTable(forecast.machines ?? [], machines),
    remarks.map((remark) => `Note: ${remark}.\n`).join(""),
    `Nothing was changed. As of revision ${revision}.\n`,
  ];
  return sections.filter((section) => section !== "").join("\n");
}

function verdict({ fits, movesTotal }: ForecastV2, refused: number): string {
  const moves = movesTotal === 0 ? "Nothing would move" : `${count(movesTotal, "unit")} would move`;
  return fits ? `${moves}; everything fits.` : `${moves}; ${count(refused, "unit")} would have no place.`;
}

function moveTable(moves: readonly ForeseenMoveV2[], total: number, machines: MachineIndex): string {
  const rows = moves
    .slice(0, linesMax)
    .map(({ from = [], name, reason = "", to = [] }) => [
      name,
      list(from, machines),
      list(to, machines),
      withShortIds(reason, machines),
    ]);
  const more = total - rows.length;
  return layOutColumns([["UNIT", "FROM", "TO", "WHY"], ...rows]) + (more > 0 ? `and ${more} more\n` : "");
}

function refusalLines(refusals: readonly ForeseenRefusalV2[], machines: MachineIndex): string {
  const lines = refusals
    .slice(0, linesMax)
    .map(({ name, reason }) => `  ${name}: ${withShortIds(reason, machines)}\n`);
  const more = refusals.length - lines.length;
  return lines.join("") + (more > 0 ? `  and ${more} more\n` : "");
}

function loadTable(loads: readonly ForeseenLoadV2[], machines: MachineIndex): string {
  const shown =
    loads.length <= allMachinesMax
      ? loads
      : loads.filter(({ after, before, fate }) => fate !== "kept" || after !== before).slice(0, linesMax);
  if (shown.length === 0) return "";
  const rows = shown.map(({ after, before, fate, machineID }) => [
    fate === "added" ? machineID : machineLegend(machineID, machines, false),
    fate === "added" ? "-" : String(before),
    fate === "lost" ? "-" : String(after),
  ]);
  const rest = loads.length - shown.length;
  return (
    layOutColumns([["MACHINE", "SEATS", "THEN"], ...rows]) +
    (rest > 0 ? `and ${count(rest, "machine")} with the same load as now\n` : "")
  );
}

/** How many machines of one unit are named. */
const namedMax = 3;

function list(ids: readonly string[], machines: MachineIndex): string {
  if (ids.length === 0) return "-";
  const named = ids
    .slice(0, namedMax)
    .map((id) => (machines.has(id) ? machineLegend(id, machines, false) : id));
  return named.join(" ") + (ids.length > namedMax ? ` and ${ids.length - namedMax} more` : "");
}

/** `1 unit`, `3 units`. */
export function count(number: number, thing: string): string {
  return number === 1 ? `1 ${thing}` : `${number} ${thing}s`;
}

/** A forecast for programs; each key is always there. */
export function forecastItem(
  forecast: ForecastV2,
  machines: MachineIndex,
): { readonly [key: string]: Plain } {
  const { fits, moves = [], movesTotal, refusals = [], refusalsTotal, remarks = [], revision } = forecast;
  const item = (id: string): Plain => machineItem(id, machines);
  return {
    revision,
    fits,
    moves: moves.map(({ from = [], name, reason, to = [] }) => ({
      unit: name,
      from: from.map(item),
      to: to.map(item),
      reason: reason ?? null,
    })),
    movesTotal,
    refusals: refusals.map(({ isNew, machineID, name, reason }) => ({
      unit: name,
      reason,
      isNew,
      machine: machineItem(machineID, machines),
    })),
    refusalsTotal,
    machines: (forecast.machines ?? []).map(({ after, before, fate, machineID }) => ({
      machine: item(machineID),
      fate,
      before,
      after,
    })),
    remarks,
  };
}
