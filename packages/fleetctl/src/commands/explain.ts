import { ApiError } from "@fleet/client";
import { completeUnitName } from "@fleet/core";
import type { Command } from "../command.js";
import { oneUnitArgument } from "../completion/offer.js";
import { exitCode } from "../exit-code.js";
import { documentOptions, readDocumentFormat, renderDocument } from "../output/document.js";
import { tellError } from "../output/error-text.js";
import { explanationItem, explanationSchema } from "../output/explanation-item.js";
import { explanationPage } from "../output/explanation-page.js";
import { indexMachines } from "../output/machine-legend.js";
import { parseUnitAddress, requireWholeUnit } from "../patterns/unit-address.js";
import { tellUnknown } from "../units/tell-similar.js";
import { UsageError } from "../usage-error.js";

const step = "Error explaining unit";

/** `fleetctl explain`. */
export const explain: Command = {
  name: "explain",
  summary: "Say why a unit is where it is, or why it is nowhere",
  usage: "explain [--output=FORMAT] UNIT",
  description:
    "Asks the planner itself. Of a unit with a place it says where, since when and why; of a unit without one what speaks\n" +
    "against each machine, with the facts on both sides, and the smallest changes that would give it a place. Nothing is\n" +
    "changed. The exit status says whether there is such a unit, not how it fares.",
  options: documentOptions,
  arguments: oneUnitArgument,
  examples: [
    { command: "fleetctl explain hello.service", what: "Why it is where it is." },
    {
      command: "fleetctl explain hello --json | jq -r '.suggestions[].what'",
      what: "Just what would help.",
    },
  ],
  run: async (context, args) => {
    const [argument, ...surplus] = args.positionals;
    if (argument === undefined || argument === "" || surplus.length > 0) {
      throw new UsageError("Name one unit", { hint: "Usage: fleetctl explain UNIT" });
    }
    const format = readDocumentFormat(args);
    requireWholeUnit(parseUnitAddress(argument), "explain");
    const { client, signal, stderr, stdout } = context;
    const name = completeUnitName(argument);
    try {
      const explanation = await client.planner.explain(name, signal);
      if (explanation === "unsupported") {
        stderr.write(
          `${step}: the server at ${client.endpoint} cannot explain; it is older than this fleetctl\n`,
        );
        return exitCode.failed;
      }
      const machines = indexMachines(await client.listMachines(signal));
      stdout.write(
        format === "text"
          ? explanationPage(explanation, machines)
          : renderDocument(format, explanationSchema, explanationItem(explanation, machines)),
      );
      return exitCode.ok;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof ApiError && error.status === 404) {
        await tellUnknown(context, [name], () => `Unit ${name} does not exist.`);
        return exitCode.failed;
      }
      tellError(context, step, error);
      return exitCode.failed;
    }
  },
};
