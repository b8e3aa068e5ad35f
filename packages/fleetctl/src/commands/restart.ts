import type { Command, CommandContext } from "../command.js";
import { placedUnitArguments } from "../completion/offer.js";
import { exitCode } from "../exit-code.js";
import { noJournalOption, showJournals } from "../remote/show-journals.js";
import { readSshSettings, type SshSettings } from "../remote/ssh-settings.js";
import { announce } from "../units/announce.js";
import { blockOptions, readPatience } from "../units/block-options.js";
import { type EnsuredUnit, ensureUnits } from "../units/ensure-units.js";
import { type Instance, instanceOf, setInstances, waitForInstances } from "../units/instances.js";
import { judgeStarted, judgeStopped, judgeStoppedEverywhere } from "../units/judge.js";
import { setStates } from "../units/set-states.js";
import { tellFailures } from "../units/tell-failures.js";
import { tellUnreadable } from "../units/tell-unreadable.js";
import { type WaitFailure, waitForUnits } from "../units/wait-for-units.js";

const waitStep = "Error waiting for unit states, exit status";

/** `fleetctl restart`. */
export const restart: Command = {
  name: "restart",
  summary: "Instruct systemd to rolling restart one or more units in the cluster",
  usage: "restart [--block-attempts=N|--timeout=SECONDS] UNIT...",
  description:
    "Stops each unit where it is and starts it again, one after the other: the next one is touched only when this one runs.\n" +
    "A unit that is loaded is started. One that is inactive cannot be restarted. What the cluster does not have is submitted,\n" +
    "as by submit, and not started. A global unit is restarted on one machine after the other; UNIT@@MACHINE is one of them.",
  options: [...blockOptions.filter(({ name }) => name !== "no-block" && name !== "wait"), noJournalOption],
  arguments: placedUnitArguments,
  examples: [
    {
      command: "fleetctl restart hello.service",
      what: "Stop it, wait for that, start it, wait until it runs.",
    },
    { command: "fleetctl restart 'web@*'", what: "All instances, one at a time." },
    { command: "fleetctl restart logger@@113f16a7", what: "A global unit on one machine alone." },
  ],
  run: async (context, args) => {
    const attempts = readPatience(args);
    const sshSettings = readSshSettings(args);
    const restarting = { attempts, ...(args.flag("no-journal") ? {} : { sshSettings }) };
    const units = await ensureUnits(context, {
      command: "restart",
      positionals: args.positionals,
      replace: false,
      attempts,
    });
    if (units === undefined) return exitCode.failed;
    let code: number = exitCode.ok;
    const wanted: EnsuredUnit[] = [];
    for (const unit of units) {
      if (isRestartable(unit)) wanted.push(unit);
      else if (unit.isNew) tellOfNew(context, unit);
      else if (unit.desiredState === undefined) {
        tellUnreadable(context, "restart", unit);
        code = exitCode.failed;
      }
      // Of what a pattern matches, units that nobody wants on a machine are not meant.
      else if (!unit.isMatch) {
        context.stderr.write(`Unable to restart unit ${unit.name} in state inactive\n`);
        code = exitCode.failed;
      }
    }
    const todo = await spreadOut(context, wanted);
    for (const [index, unit] of todo.entries()) {
      const isBack = isInstance(unit)
        ? await restartInstance(context, unit, restarting)
        : await restartUnit(context, unit, restarting);
      if (isBack) continue;
      const left = todo.slice(index + 1).map((other) => (isInstance(other) ? other.label : other.name));
      // Whoever restarts one at a time wants the others to go on running when one does not come back.
      if (left.length > 0) context.stderr.write(`Not restarted: ${left.join(" ")}\n`);
      return exitCode.failed;
    }
    return code;
  },
};

function isRestartable({ desiredState }: EnsuredUnit): boolean {
  return desiredState === "loaded" || desiredState === "launched";
}

function isInstance(unit: EnsuredUnit | Instance): unit is Instance {
  return "label" in unit;
}

/**
 * Puts in the place of a global unit that runs its instances, machine by machine, so that the service as a whole goes on.
 * Those that were stopped on their machines stay so, unless they are named.
 */
async function spreadOut(
  { client, signal }: CommandContext,
  units: readonly EnsuredUnit[],
): Promise<readonly (EnsuredUnit | Instance)[]> {
  const isMany = ({ desiredState, instance, isGlobal }: EnsuredUnit): boolean =>
    isGlobal && instance === undefined && desiredState === "launched";
  const names = units.filter(isMany).map(({ name }) => name);
  const snapshot = names.length === 0 ? undefined : await client.look(names, signal);
  return units.flatMap((unit): readonly (EnsuredUnit | Instance)[] => {
    const { instance, name } = unit;
    if (instance !== undefined) return [instanceOf(name, instance)];
    if (snapshot?.isComplete !== true || !isMany(unit)) return [unit];
    const seats = snapshot.units.get(name)?.seats?.filter(({ target }) => target !== "absent") ?? [];
    const running = seats.filter(({ present, target }) => present && target === "launched");
    // Without any place there is nothing to go through, and soon there may be.
    return seats.length === 0 ? [unit] : running.map(({ machineID }) => instanceOf(name, machineID));
  });
}

function tellOfNew({ stderr }: CommandContext, { name }: EnsuredUnit): void {
  stderr.write(`Unit ${name} is new, and not started; to start it: fleetctl start ${name}\n`);
}

interface Restarting {
  readonly attempts: number;
  /** How to get at the journals of units that fail; absent: do not. */
  readonly sshSettings?: SshSettings;
}

/** @returns whether it runs again; why not has been told. */
async function restartUnit(
  context: CommandContext,
  unit: EnsuredUnit,
  { attempts, sshSettings }: Restarting,
): Promise<boolean> {
  const { stderr } = context;
  const wasLaunched = unit.desiredState === "launched";
  if (!wasLaunched) stderr.write(`Unit(${unit.name}) already loaded, starting.\n`);
  const hasStopped = wasLaunched ? await stopUnit(context, unit, attempts) : "yes";
  if (hasStopped === "given up") return false;
  // A unit that takes too long to stop is told to start all the same: it is to run again, whoever waits for it.
  const failures = await startUnit(context, unit, hasStopped === "yes" ? attempts : undefined);
  if (failures === undefined) return false;
  if (sshSettings !== undefined) await showJournals(context, sshSettings, failures);
  if (failures.length > 0 || hasStopped !== "yes") return false;
  if (wasLaunched) stderr.write(`Unit(${unit.name}) was restarted.\n`);
  return true;
}

/** @returns `given up` if somebody else wants it otherwise, or it could not be told; that has been told. */
async function stopUnit(
  context: CommandContext,
  { isGlobal, name }: EnsuredUnit,
  attempts: number,
): Promise<"yes" | "too late" | "given up"> {
  const told = await setStates(context, [{ name }], "loaded", `Error setting target state for unit ${name}`);
  if (told.length === 0) return "given up";
  const late = `timed out waiting for unit ${name} to report state loaded`;
  const failures = await waitForUnits(context, {
    names: told,
    judge: isGlobal ? judgeStoppedEverywhere() : judgeStopped("loaded"),
    attempts,
    timedOut: () => late,
    interrupted: `Stopped waiting. Unit ${name} stays wanted loaded; to start it: fleetctl start ${name}`,
  });
  tellFailures(context, waitStep, failures);
  const [failure] = failures;
  if (failure === undefined) return "yes";
  return failure.message === late ? "too late" : "given up";
}

/**
 * @param attempts - `undefined`: do not wait.
 * @returns what went wrong, which has been told; `undefined` if it could not be told to start.
 */
async function startUnit(
  context: CommandContext,
  unit: EnsuredUnit,
  attempts: number | undefined,
): Promise<readonly WaitFailure[] | undefined> {
  const { name } = unit;
  const told = await setStates(
    context,
    [{ name }],
    "launched",
    `Error setting target state for unit ${name}`,
  );
  if (told.length === 0) return undefined;
  const waited = announce(context, [unit], "start", attempts === undefined ? "none" : "plain");
  const failures = await waitForUnits(context, {
    names: waited,
    judge: judgeStarted(context.clock),
    attempts: attempts ?? 0,
    timedOut: () => `timed out waiting for unit ${name} to report state launched`,
    interrupted: `Stopped waiting. Unit ${name} stays wanted launched; see fleetctl list-units`,
  });
  tellFailures(context, waitStep, failures);
  return failures;
}

/** @returns whether it runs again there; why not has been told. */
async function restartInstance(
  context: CommandContext,
  instance: Instance,
  { attempts, sshSettings }: Restarting,
): Promise<boolean> {
  const { label } = instance;
  const step = `Error setting target state for unit ${label}`;
  if ((await setInstances(context, [instance], "loaded", step)).length === 0) return false;
  const stopping = await waitForInstances(context, [instance], {
    wanted: "loaded",
    attempts,
    interrupted: `Stopped waiting. Unit ${label} stays stopped there; to start it: fleetctl start ${label}`,
  });
  tellFailures(context, waitStep, stopping);
  // A unit that takes too long to stop is told to start all the same: it is to run again, whoever waits for it.
  if ((await setInstances(context, [instance], "launched", step)).length === 0) return false;
  if (stopping.length > 0) return false;
  const starting = await waitForInstances(context, [instance], {
    wanted: "launched",
    attempts,
    interrupted: `Stopped waiting. Unit ${label} stays wanted launched there; see fleetctl list-units`,
  });
  tellFailures(context, waitStep, starting);
  if (sshSettings !== undefined) await showJournals(context, sshSettings, starting);
  if (starting.length > 0) return false;
  context.stderr.write(`Unit(${label}) was restarted.\n`);
  return true;
}
