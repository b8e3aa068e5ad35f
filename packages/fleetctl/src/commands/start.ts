import { signOption } from "../argv/retired-options.js";
import type { Command, CommandContext } from "../command.js";
import { unitOrFileArguments } from "../completion/offer.js";
import { exitCode } from "../exit-code.js";
import { noJournalOption, showJournals } from "../remote/show-journals.js";
import { readSshSettings } from "../remote/ssh-settings.js";
import { announce } from "../units/announce.js";
import { blockOptions, readPatience, readWaitsFor } from "../units/block-options.js";
import { type EnsuredUnit, ensureUnits, replaceOption } from "../units/ensure-units.js";
import { judgeStarted } from "../units/judge.js";
import { eachAsItIs, judgeGlobalStarted } from "../units/judge-global.js";
import { setStates } from "../units/set-states.js";
import { startInstances } from "../units/start-instances.js";
import { tellFailures } from "../units/tell-failures.js";
import { waitForUnits } from "../units/wait-for-units.js";

/** `fleetctl start`. */
export const start: Command = {
  name: "start",
  summary:
    "Instruct systemd to start one or more units in the cluster, first submitting and loading if necessary",
  usage: "start [--replace] [--no-block|--wait] [--block-attempts=N|--timeout=SECONDS] UNIT...",
  description:
    "Places units on machines and starts them there. Units that the cluster does not have are submitted first, as by\n" +
    "submit. The command returns when all units run, or have run and ended well; it fails if one of them has failed, and shows\n" +
    "the end of its journal if that can be had without asking anybody anything. A global unit is started on all machines it\n" +
    "may run on, and waited for with --wait alone. With --replace a unit that differs from its file is replaced where it is, and stopped\n" +
    "and started once.",
  options: [replaceOption, ...blockOptions, noJournalOption, signOption],
  arguments: unitOrFileArguments,
  examples: [
    { command: "fleetctl start hello.service", what: "Submit it if need be, start it, wait until it runs." },
    { command: "fleetctl start --timeout=10 a b", what: "Wait no longer than 10 seconds." },
    { command: "fleetctl start web@{1..5}", what: "Five instances of a template." },
    {
      command: "fleetctl start --wait logger.service",
      what: "A global unit, until it runs on all of its machines.",
    },
    {
      command: "fleetctl start --replace hello.service",
      what: "Put an edited file in place of the running one.",
    },
  ],
  run: async (context, args) => {
    const attempts = readPatience(args);
    const waitsFor = readWaitsFor(args);
    const settings = readSshSettings(args);
    const units = await ensureUnits(context, {
      command: "start",
      positionals: args.positionals,
      replace: args.flag("replace"),
      attempts,
    });
    if (units === undefined) return exitCode.failed;
    const whole = units.filter(({ instance }) => instance === undefined);
    await remarkOnLaunched(
      context,
      whole.filter((unit) => !isTodo(unit)).map(({ name }) => name),
    );
    const todo = whole.filter(isTodo);
    const changed = await setStates(context, todo, "launched", "Error starting units");
    const told = todo.filter(({ name }) => changed.includes(name));
    const waited = announce(context, told, "start", waitsFor);
    const wait = {
      names: waited,
      judge: eachAsItIs(judgeStarted(context.clock), judgeGlobalStarted()),
      attempts,
      timedOut: (name: string) => `timed out waiting for unit ${name} to report state launched`,
      interrupted: "Stopped waiting. The units stay wanted launched; see fleetctl list-units",
    };
    const failures = [...(await waitForUnits(context, wait))];
    const onMachines = await startInstances(context, units, { attempts, waitsFor });
    failures.push(...onMachines.failures);
    tellFailures(context, "Error waiting for unit states, exit status", failures);
    if (!args.flag("no-journal")) await showJournals(context, settings, failures);
    const areTold = changed.length === todo.length && onMachines.areTold;
    return failures.length === 0 && areTold ? exitCode.ok : exitCode.failed;
  },
};

function isTodo({ desiredState, isStopped, replacement }: EnsuredUnit): boolean {
  return desiredState !== "launched" || replacement !== undefined || isStopped;
}

/** Units that are wanted launched already are left alone, as in the original; but if they do not run, that is told. */
async function remarkOnLaunched(context: CommandContext, names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  const snapshot = await context.client.look(names, context.signal);
  const judge = judgeStarted(context.clock, true);
  for (const name of names) {
    const isGlobal = snapshot.units.get(name)?.global === true;
    const progress = judge(name, snapshot);
    if (isGlobal || progress.kind === "reached") continue;
    context.stderr.write(`Unit ${name} is launched already: ${progress.why}\n`);
    if (progress.kind === "failed")
      context.stderr.write(`Hint: to start it again: fleetctl restart ${name}\n`);
  }
}
