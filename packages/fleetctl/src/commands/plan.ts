import { closest } from "@fleet/core";
import type { Command, CommandArgs, CommandContext } from "../command.js";
import { placedUnitArguments, unitArguments, unitOrFileArguments } from "../completion/offer.js";
import { documentOptions, readDocumentFormat, renderDocument } from "../output/document.js";
import { tellError } from "../output/error-text.js";
import { indexMachines, type MachineIndex } from "../output/machine-legend.js";
import { forecastItem, forecastPage, forecastSchema } from "../planning/forecast-page.js";
import { type ProposalAction, proposalActions, readProposal } from "../planning/proposal.js";
import { inquire, type Survival, survivalItem, survivalPage, survivalSchema } from "../planning/survival.js";
import { UsageError } from "../usage-error.js";

/** What `plan` ends with: as with `diff`, an answer that one may not like is another thing than none. */
const outcome = { fits: 0, doesNotFit: 1, unknown: 3 } as const;

/** The options that mean something to some actions only. */
const actionsOf: Readonly<Record<string, readonly string[]>> = {
  replace: ["start", "load"],
  metadata: ["lose", "add"],
  capacity: ["add"],
  losses: ["survive"],
  timeout: ["survive"],
};

const actions: readonly string[] = [...Object.keys(proposalActions), "survive"];

/** `fleetctl plan`. */
export const plan: Command = {
  name: "plan",
  summary: "Say what would happen, without doing anything",
  usage: "plan ACTION [ARGUMENT...]",
  description:
    "Asks the planner what would become of the cluster: which units would move and where, which would have no place and\n" +
    "why, and how many seats each machine would have. Nothing is changed.\n" +
    "ACTION is one of:\n" +
    Object.entries(proposalActions)
      .map(([action, words]) => `  ${action} ${words}\n`)
      .join("") +
    "  survive [-k 1|2]\n" +
    "lose means machines that are lost and given up; with --metadata all that have the value, such as a rack. add means\n" +
    "machines that do not exist yet. survive says which losses of one machine, or with -k 2 also of two at a time, leave\n" +
    "units without a place.\n" +
    "The exit status is 0 if everything fits, 1 if a unit that has a place now, or is asked for, would have none (survive: if\n" +
    "a loss leaves units without one), 2 for a wrong command line, 3 if it cannot be found out or not all of it in time.",
  options: [
    {
      name: "replace",
      type: "boolean",
      fallback: false,
      help: "start, load: with the files' content for units that exist already; else there is a warning if it differs.",
    },
    {
      name: "metadata",
      type: "text",
      fallback: "",
      joinedBy: ",",
      help: "KEY=VALUE,...: of the machines that are lost, or added.",
    },
    {
      name: "capacity",
      type: "text",
      fallback: "",
      joinedBy: ",",
      help: "NAME=AMOUNT,...: what added machines have for units that reserve it, like cpu=4,memory=8G.",
    },
    {
      name: "losses",
      short: "k",
      type: "integer",
      fallback: 1,
      help: "survive: how many machines are lost at a time, 1 or 2.",
    },
    {
      name: "timeout",
      type: "seconds",
      fallback: 300,
      help: "survive: how long to go on asking, in seconds.",
    },
    ...documentOptions,
  ],
  arguments: {
    offers: [{ kind: "words", words: actions }],
    furtherAfter: {
      start: unitOrFileArguments.offers,
      load: unitOrFileArguments.offers,
      stop: placedUnitArguments.offers,
      unload: unitArguments.offers,
      destroy: unitArguments.offers,
      drain: [{ kind: "machines" }],
      cordon: [{ kind: "machines" }],
      uncordon: [{ kind: "known-machines" }],
      lose: [{ kind: "machines" }],
    },
    isMany: true,
  },
  examples: [
    { command: "fleetctl plan start web@{1..20}", what: "Is there room for twenty?" },
    {
      command: "fleetctl plan start --replace db.service",
      what: "And if its edited file were put in place?",
    },
    { command: "fleetctl plan drain 113f16a7", what: "Where would its units go?" },
    { command: "fleetctl plan lose --metadata=rack=a", what: "What if the whole rack were lost?" },
    { command: "fleetctl plan add 2 --metadata=disk=ssd", what: "Would two more machines help?" },
    { command: "fleetctl plan survive -k 2", what: "Which two machines must not fail together?" },
  ],
  run: async (context, args) => {
    const [action = "", ...words] = args.positionals;
    if (!actions.includes(action)) throw unknownAction(action);
    const format = readDocumentFormat(args);
    const losses = args.number("losses");
    if (losses !== 1 && losses !== 2) throw new UsageError("Error: -k must be 1 or 2");
    refuseForeignOptions(action, args);
    if (action === "survive" && words.length > 0) {
      throw new UsageError("Error: survive takes no machines", { hint: "fleetctl plan lose MACHINE..." });
    }
    try {
      return action === "survive"
        ? await runSurvive(context, args, losses, format)
        : await runForecast(context, args, action as ProposalAction, words, format);
    } catch (error) {
      context.signal.throwIfAborted();
      if (error instanceof UsageError) throw error;
      tellError(context, "Error planning", error);
      return outcome.unknown;
    }
  },
};

type Format = ReturnType<typeof readDocumentFormat>;

async function runForecast(
  context: CommandContext,
  args: CommandArgs,
  action: ProposalAction,
  words: readonly string[],
  format: Format,
): Promise<number> {
  const { client, signal, stderr, stdout } = context;
  const forecast = await client.planner.foresee(await readProposal(context, action, words, args), signal);
  if (forecast === "unsupported") {
    stderr.write("Error planning: the server cannot tell; it is older than this fleetctl\n");
    return outcome.unknown;
  }
  const machines = await readMachines(context);
  stdout.write(
    format === "text"
      ? forecastPage(forecast, machines)
      : renderDocument(format, forecastSchema, forecastItem(forecast, machines)),
  );
  return forecast.fits ? outcome.fits : outcome.doesNotFit;
}

async function runSurvive(
  context: CommandContext,
  args: CommandArgs,
  losses: 1 | 2,
  format: Format,
): Promise<number> {
  const limitMs = args.number("timeout") * 1000;
  const found: Survival[] = [];
  for (let lost = 1; lost <= losses; lost += 1) found.push(await inquire(context, lost, limitMs));
  const machines = await readMachines(context);
  context.stdout.write(
    format === "text"
      ? survivalPage(found, machines)
      : renderDocument(format, survivalSchema, survivalItem(found, machines)),
  );
  if (found.some(({ checked, total }) => checked < total)) {
    context.stderr.write("Not all losses were checked: give it more time with --timeout\n");
    return outcome.unknown;
  }
  return found.some(({ fatal }) => fatal.length > 0) ? outcome.doesNotFit : outcome.fits;
}

async function readMachines({ client, signal }: CommandContext): Promise<MachineIndex> {
  return indexMachines(await client.listMachines(signal));
}

function refuseForeignOptions(action: string, args: CommandArgs): void {
  for (const [name, owners] of Object.entries(actionsOf)) {
    if (owners.includes(action) || !args.isGiven(name)) continue;
    throw new UsageError(`Error: --${name} has no meaning for plan ${action}`, {
      hint: `It is for plan ${owners.join(", plan ")}.`,
    });
  }
}

function unknownAction(action: string): UsageError {
  const meant = closest(action, actions);
  return new UsageError(
    action === "" ? "Say what to plan" : `Error: nothing to plan is called ${JSON.stringify(action)}`,
    {
      suggestions: meant === undefined ? [] : [`plan ${meant}`],
      hint: `Usage: fleetctl plan {${actions.join("|")}} ...`,
    },
  );
}
