import type { ProposalV2, ProposedUnitV2 } from "@fleet/client";
import { completeUnitName, FleetError, formatAmount, parseAmounts, parseMetadata } from "@fleet/core";
import type { CommandArgs, CommandContext } from "../command.js";
import { findMachines } from "../machines/find-machines.js";
import { expandArguments } from "../units/expand-arguments.js";
import {
  parseUnitArguments,
  readClusterContent,
  readLocalFiles,
  type UnitArgument,
} from "../units/unit-source.js";
import { UsageError } from "../usage-error.js";

/** What can be thought of doing, each with what follows it. */
export const proposalActions = {
  start: "FILE|UNIT...",
  load: "FILE|UNIT...",
  stop: "UNIT...",
  unload: "UNIT...",
  destroy: "UNIT...",
  drain: "MACHINE...",
  cordon: "MACHINE...",
  uncordon: "MACHINE...",
  lose: "MACHINE... or --metadata=KEY=VALUE",
  add: "N [--metadata=KEY=VALUE,...] [--capacity=NAME=AMOUNT,...]",
} as const;

/** One of {@link proposalActions}. */
export type ProposalAction = keyof typeof proposalActions;

/**
 * Reads what somebody thinks of doing.
 * @throws {UsageError} for what is malformed; {FleetError} `not-found` for units and machines that do not exist.
 */
export async function readProposal(
  context: CommandContext,
  action: ProposalAction,
  words: readonly string[],
  args: CommandArgs,
): Promise<ProposalV2> {
  refuseForeignOptions(action, args);
  switch (action) {
    case "start":
    case "load":
      return { [action]: await readUnits(context, requireWords(action, words)) };
    case "stop":
    case "unload":
    case "destroy": {
      const units = await readNames(context, requireWords(action, words));
      return action === "stop" ? { stop: units } : { unload: units };
    }
    case "drain":
    case "cordon":
    case "uncordon": {
      const machines = await findMachines(context, requireWords(action, words));
      return { [action]: machines.map(({ machineID }) => machineID) };
    }
    case "lose":
      return await readLoss(context, words, args.text("metadata"));
    case "add":
      return readAddition(words, args);
  }
}

function requireWords(action: ProposalAction, words: readonly string[]): readonly string[] {
  if (words.length > 0) return words;
  throw new UsageError(`Say what to ${action}`, {
    hint: `Usage: fleetctl plan ${action} ${proposalActions[action]}`,
  });
}

function refuseForeignOptions(action: ProposalAction, args: CommandArgs): void {
  const foreign = [
    ...(action === "lose" || action === "add" ? [] : ["metadata"]),
    ...(action === "add" ? [] : ["capacity"]),
  ].find((name) => args.text(name) !== "");
  if (foreign !== undefined) throw new UsageError(`Error: --${foreign} has no meaning for plan ${action}`);
}

async function readLoss(
  context: CommandContext,
  words: readonly string[],
  metadata: string,
): Promise<ProposalV2> {
  if (metadata === "") {
    const machines = await findMachines(context, requireWords("lose", words));
    return { lose: machines.map(({ machineID }) => machineID) };
  }
  if (words.length === 0) return { loseMetadata: readMetadata(metadata) };
  throw new UsageError("Error: name machines or metadata, not both");
}

function readAddition([count = "", ...surplus]: readonly string[], args: CommandArgs): ProposalV2 {
  if (!/^[1-9]\d{0,3}$/.test(count) || surplus.length > 0) {
    throw new UsageError("Say how many machines to add", {
      hint: `Usage: fleetctl plan add ${proposalActions.add}`,
    });
  }
  const metadata = args.text("metadata");
  const capacity = args.text("capacity");
  const amounts = capacity === "" ? { amounts: new Map<string, number>() } : parseAmounts(capacity);
  if ("problem" in amounts) throw new UsageError(`Error: --capacity: ${amounts.problem}`);
  return {
    add: [
      {
        count: Number(count),
        metadata: metadata === "" ? {} : readMetadata(metadata),
        capacity: Object.fromEntries(
          [...amounts.amounts].map(([name, amount]) => [name, exactAmount(name, amount)]),
        ),
      },
    ],
  };
}

/** Amounts are printed rounded for people; a server is told exactly. */
function exactAmount(name: string, amount: number): string {
  return name === "memory" ? String(amount) : formatAmount(name, amount);
}

function readMetadata(text: string): Readonly<Record<string, string>> {
  const wrong = text.split(",").find((pair) => !/^[^=]+=./.test(pair.trim()));
  if (wrong === undefined) return parseMetadata(text);
  throw new UsageError(`Error: --metadata: ${JSON.stringify(wrong)} is not KEY=VALUE`, {
    hint: "write --metadata=rack=a,disk=ssd",
  });
}

async function readNames(context: CommandContext, words: readonly string[]): Promise<readonly string[]> {
  const expanded = await expand(context, words);
  return [...new Set(expanded.map(({ name }) => name))];
}

async function expand(context: CommandContext, words: readonly string[]): Promise<readonly UnitArgument[]> {
  const step = "Error planning";
  const expanded = await expandArguments(context, {
    command: "plan",
    positionals: words,
    step,
    isWholeOnly: true,
  });
  if (expanded === undefined) throw new FleetError("unavailable", "the cluster's units cannot be listed");
  return parseUnitArguments(expanded);
}

/** As `start` does it: a unit of the cluster is taken as it is, another one from its file or from its template. */
async function readUnits(
  context: CommandContext,
  words: readonly string[],
): Promise<readonly ProposedUnitV2[]> {
  const units = await expand(context, words);
  const known = await context.client.look(
    units.map(({ name }) => name),
    context.signal,
  );
  const proposed: ProposedUnitV2[] = [];
  for (const unit of units) {
    if (known.units.has(unit.name)) proposed.push({ name: unit.name });
    else proposed.push({ name: unit.name, text: await readText(context, unit) });
  }
  return proposed;
}

async function readText(context: CommandContext, unit: UnitArgument): Promise<string> {
  const { own, template } = await readLocalFiles(context, unit);
  for (const file of [own, template]) {
    if (file?.kind === "bad") throw file.error;
    if (file?.kind === "found") return file.content.text;
  }
  const content = unit.template === undefined ? undefined : await readClusterContent(context, unit.template);
  if (content !== undefined) return content.text;
  throw new FleetError(
    "not-found",
    `unit ${completeUnitName(unit.name)} is neither in the cluster nor a file`,
    {
      hint: `looked for ${own.path}${template === undefined ? "" : ` and ${template.path}`}`,
    },
  );
}
