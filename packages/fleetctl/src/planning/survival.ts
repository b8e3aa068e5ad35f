import { ApiError, type FatalLossV2 } from "@fleet/client";
import { FleetError } from "@fleet/core";
import type { CommandContext } from "../command.js";
import { type MachineIndex, machineItem, machineLegend } from "../output/machine-legend.js";
import type { Plain } from "../output/yaml.js";
import { count } from "./forecast-page.js";

/** The name and version of the document; docs/output.md describes it. */
export const survivalSchema = "fleetctl.survive/1";

/** What was found out about losses of so many machines at a time. */
export interface Survival {
  readonly losses: number;
  readonly total: number;
  readonly checked: number;
  readonly revision: number;
  readonly fatal: readonly FatalLossV2[];
}

/** How often it is begun again because the cluster's server has another state of it by now. */
const attemptsMax = 3;

/**
 * Asks until all losses are checked, or the time is up.
 * @throws {FleetError} `conflict` if the server forgets what it was asked about each time.
 */
export async function inquire(context: CommandContext, losses: number, limitMs: number): Promise<Survival> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await inquireOnce(context, losses, limitMs);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 409 || attempt === attemptsMax) throw error;
    }
  }
}

async function inquireOnce(
  { client, clock, signal, stderr }: CommandContext,
  losses: number,
  limitMs: number,
): Promise<Survival> {
  const endMs = clock.monotonic() + limitMs;
  const fatal: FatalLossV2[] = [];
  let from = 0;
  let revision: number | undefined;
  try {
    for (;;) {
      const question = { losses, from, ...(revision === undefined ? {} : { revision }) };
      const report = await client.planner.survive(question, signal);
      if (report === "unsupported") {
        throw new FleetError("invalid-argument", "the server cannot tell; it is older than this fleetctl");
      }
      fatal.push(...(report.fatal ?? []));
      from = report.checked;
      revision = report.revision;
      const { checked, total } = report;
      if (checked >= total || clock.monotonic() >= endMs) return { losses, total, checked, revision, fatal };
      stderr.status?.(`Checked ${checked} of ${total} losses of ${count(losses, "machine")}`);
    }
  } finally {
    stderr.status?.(undefined);
  }
}

/** How many lines there are for one number of losses. */
const linesMax = 200;
/** How many units, and how many losses with the same outcome, one line names. */
const unitsMax = 6;
const lossesMax = 3;

/** What was found out, for people. Losses that leave the same units without a place are told of together. */
export function survivalPage(found: readonly Survival[], machines: MachineIndex): string {
  const parts = found.map((survival) => `${verdict(survival)}\n${lines(survival, machines)}`);
  return `${parts.join("\n")}\nNothing was changed. As of revision ${found.at(-1)?.revision ?? 0}.\n`;
}

function verdict({ checked, fatal, losses, total }: Survival): string {
  const what = losses === 1 ? count(total, "machine") : count(total, "pair");
  const of = losses === 1 ? "machine" : "two machines";
  const beyond = losses === 1 ? "" : " beyond those that either loss alone leaves so";
  const unfinished = checked < total ? ` Only ${checked} of them were checked in the time.` : "";
  return fatal.length === 0
    ? `The loss of any ${of} (${what}) leaves no unit without a place${beyond}.${unfinished}`
    : `The loss of any ${of}: ${fatal.length} of ${what} leave units without a place${beyond}.${unfinished}`;
}

function lines({ fatal }: Survival, machines: MachineIndex): string {
  const groups = new Map<string, FatalLossV2[]>();
  for (const loss of fatal) {
    const key = `${loss.unitsTotal} ${loss.units.join(" ")}`;
    const same = groups.get(key);
    if (same === undefined) groups.set(key, [loss]);
    else same.push(loss);
  }
  const told = [...groups.values()].slice(0, linesMax).map((same) => line(same, machines));
  const more = groups.size - told.length;
  return told.join("") + (more > 0 ? `  and ${more} more\n` : "");
}

function line(same: readonly FatalLossV2[], machines: MachineIndex): string {
  const losses = same
    .slice(0, lossesMax)
    .map(({ machineIDs }) => machineIDs.map((id) => machineLegend(id, machines, false)).join(" with "));
  const moreLosses = same.length > lossesMax ? ` or ${same.length - lossesMax} more` : "";
  const { units, unitsTotal } = same[0]!;
  const named = units.slice(0, unitsMax);
  const moreUnits = unitsTotal > named.length ? ` and ${unitsTotal - named.length} more` : "";
  return `  ${losses.join(" or ")}${moreLosses}: ${count(unitsTotal, "unit")}: ${named.join(", ")}${moreUnits}\n`;
}

/** What was found out, for programs; each key is always there. */
export function survivalItem(
  found: readonly Survival[],
  machines: MachineIndex,
): { readonly [key: string]: Plain } {
  return {
    items: found.map(({ checked, fatal, losses, revision, total }) => ({
      losses,
      total,
      checked,
      revision,
      fatal: fatal.map(({ machineIDs, units, unitsTotal }) => ({
        machines: machineIDs.map((id) => machineItem(id, machines)),
        units,
        unitsTotal,
      })),
    })),
  };
}
