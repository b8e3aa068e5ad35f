import type { ProposalV2, ProposedUnitV2 } from "@fleet/client";
import { FleetError, formatAmount, parseAmounts, parseMetadata } from "@fleet/core";
import type { CommandArgs, CommandContext } from "../command.js";
import { findMachines } from "../machines/find-machines.js";
import { expandArguments } from "../units/expand-arguments.js";
import { planUnit } from "../units/unit-plan.js";
import { parseUnitArguments, type UnitArgument } from "../units/unit-source.js";
import { UsageError } from "../usage-error.js";

/** What can be thought of doing, each with what follows it. */
export const proposalActions = {
  start: "[--replace] FILE|UNIT...",
  load: "[--replace] FILE|UNIT...",
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
  switch (action) {
    case "start":
    case "load":
      return {
        [action]: await readUnits(context, action, requireWords(action, words), args.flag("replace")),
      };
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

/** As `start` and `load` do it, with their warnings: nothing is foreseen that they would not do. */
async function readUnits(
  context: CommandContext,
  command: "start" | "load",
  words: readonly string[],
  replace: boolean,
): Promise<readonly ProposedUnitV2[]> {
  const units = await expand(context, words);
  const known = await context.client.look(
    units.map(({ name }) => name),
    context.signal,
  );
  const proposed: ProposedUnitV2[] = [];
  for (const unit of units) {
    const plan = await planUnit(context, command, unit, known.units.get(unit.name), replace);
    for (const warning of plan.warnings) context.stderr.write(`${warning}\n`);
    proposed.push(
      plan.content === undefined ? { name: unit.name } : { name: unit.name, text: plan.content.text },
    );
  }
  return proposed;
}
