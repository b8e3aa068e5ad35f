import { signOption } from "../argv/retired-options.js";
import type { Command } from "../command.js";
import { unitOrFileArguments } from "../completion/offer.js";
import { exitCode } from "../exit-code.js";
import { ensureUnits, replaceOption } from "../units/ensure-units.js";

/** `fleetctl submit`. */
export const submit: Command = {
  name: "submit",
  summary: "Upload one or more units to the cluster without starting them",
  usage: "submit [--replace] UNIT...",
  description:
    "Brings units into the cluster without placing them. A unit comes from the file of that name; an instance without\n" +
    "a file of its own comes from its template, in the cluster or beside it. All files are checked before the first\n" +
    "one is submitted. Units that exist stay as they are, unless --replace is given and they are inactive.",
  options: [replaceOption, signOption],
  arguments: unitOrFileArguments,
  examples: [
    { command: "fleetctl submit hello.service", what: "Submit one file." },
    { command: "fleetctl submit web@.service db/*.service", what: "A template, and what the shell finds." },
    { command: "fleetctl submit --replace hello.service", what: "Submit it anew after an edit." },
    {
      command: "fleetctl submit --replace 'units/web@*'",
      what: "The same for all instances in the cluster, from files in that directory.",
    },
  ],
  run: async (context, args) => {
    const units = await ensureUnits(context, {
      command: "submit",
      positionals: args.positionals,
      replace: args.flag("replace"),
      attempts: 0,
    });
    return units === undefined ? exitCode.failed : exitCode.ok;
  },
};
