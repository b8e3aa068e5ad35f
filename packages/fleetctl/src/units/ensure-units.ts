import type { UnitsSnapshot } from "@fleet/client";
import { assert, FleetError, isTemplate, parseRequirements, type UnitContent } from "@fleet/core";
import type { CommandContext, OptionSpec } from "../command.js";
import { tellError } from "../output/error-text.js";
import { UsageError } from "../usage-error.js";
import { expandArguments } from "./expand-arguments.js";
import { judgeState } from "./judge.js";
import { tellFailures } from "./tell-failures.js";
import { tellUnitErrors } from "./tell-unit-errors.js";
import { type CreatingCommand, planOnMachine, planUnit, type UnitPlan } from "./unit-plan.js";
import { parseUnitArguments, type UnitArgument } from "./unit-source.js";
import { waitForUnits } from "./wait-for-units.js";
import { writeContents } from "./write-unit.js";

/** `--replace`, as submit, load and start have it. */
export const replaceOption: OptionSpec = {
  name: "replace",
  type: "boolean",
  fallback: false,
  help: "Replace units that exist already, if what is wanted of them allows it.",
};

/** The prefix of everything that can go wrong here; the original's. */
const step = "Error creating units";

/** A unit that is in the cluster, and what is wanted of it. */
export interface EnsuredUnit {
  readonly name: string;
  readonly desiredState: string | undefined;
  readonly isGlobal: boolean;
  /** Whether the cluster did not have it before. */
  readonly isNew: boolean;
  /**
   * Content that is to take the place of the present one, and was not written yet: it goes along with what the command
   * wants of the unit.
   */
  readonly replacement: UnitContent | undefined;
  /** Of a global unit that is meant on one machine: the machine's id. */
  readonly instance: string | undefined;
  /** Of a launched global unit: whether it is stopped on a machine that is meant. */
  readonly isStopped: boolean;
  /** Whether only a pattern has named it. */
  readonly isMatch: boolean;
}

/** How to make sure of units. */
export interface EnsureOptions {
  readonly command: CreatingCommand;
  readonly positionals: readonly string[];
  readonly replace: boolean;
  /** How many attempts to wait for the creation; 0 or less: for ever. */
  readonly attempts: number;
}

/**
 * Makes sure that all units are in the cluster: what is missing is created from a file or a template, what is there
 * stays unless it may be replaced. Everything is read and judged before the first write. What replaces a unit that is to
 * run is left to the caller; a server without the v2 API gets it here, and the unit is inactive on its way, as with the
 * original's client.
 * @returns the units in the order of the arguments; `undefined` if something went wrong and has been told.
 * @throws {UsageError} without any unit.
 */
export async function ensureUnits(
  context: CommandContext,
  options: EnsureOptions,
): Promise<readonly EnsuredUnit[] | undefined> {
  const units = await readArguments(context, options);
  if (units === undefined) return undefined;
  if (options.command !== "submit" && refuseTemplates(context, options.command, units)) return undefined;
  const snapshot = await lookAt(context, units);
  if (snapshot === undefined) return undefined;
  const plans = await planAll(context, options, units, snapshot);
  if (plans === undefined) return undefined;
  for (const plan of plans) {
    for (const warning of plan.warnings) context.stderr.write(`${warning}\n`);
    for (const remark of plan.remarks) context.stdout.write(`${remark}\n`);
  }
  const isLeft = ({ isReplacement }: UnitPlan): boolean =>
    isReplacement && options.command !== "submit" && snapshot.isComplete;
  const now = plans.filter((plan) => !isLeft(plan));
  if (!(await writePlans(context, options, now))) return undefined;
  const matches = new Set(units.filter(({ isMatch }) => isMatch).map(({ name }) => name));
  return plans.map((plan) => ({
    ...(isLeft(plan) ? describeReplacement(plan) : describePlan(plan, snapshot)),
    isMatch: matches.has(plan.name),
    instance: plan.instance,
    isStopped: isStopped(plan, snapshot),
  }));
}

/** Patterns mean units that exist; of those, templates are passed over by commands that run units. */
async function readArguments(
  context: CommandContext,
  { command, positionals, replace }: EnsureOptions,
): Promise<readonly UnitArgument[] | undefined> {
  if (positionals.length === 0) {
    throw new UsageError("No units given", { hint: `Usage: fleetctl ${command} UNIT...` });
  }
  const words = await expandArguments(context, {
    command,
    positionals,
    step,
    // Without --replace, units that exist are left alone: nothing that a pattern matches could be submitted.
    ...(command === "submit" && !replace ? { patternProblem: "no such file" } : {}),
    isWholeOnly: command === "submit" || replace,
  });
  if (words === undefined) return undefined;
  const units = parseUnitArguments(words);
  const meant = units.filter(({ name, isMatch }) => command === "submit" || !(isMatch && isTemplate(name)));
  if (meant.length > 0) return meant;
  throw new FleetError("not-found", `Only templates match ${positionals.join(" ")}, which cannot run`, {
    hint: "name instances of them, for example web@1 or web@{1..3}",
  });
}

/** A template is stored and never run; the whole batch is refused before anything is written. */
function refuseTemplates(
  { stderr }: CommandContext,
  command: Exclude<CreatingCommand, "submit">,
  units: readonly UnitArgument[],
): boolean {
  const templates = units.filter(({ name }) => isTemplate(name));
  for (const { name } of templates) {
    stderr.write(`Error ${command}ing units: cannot activate template ${JSON.stringify(name)}\n`);
    stderr.write(`Hint: name an instance of it, for example ${name.replace("@.", "@1.")}\n`);
  }
  return templates.length > 0;
}

async function lookAt(
  context: CommandContext,
  units: readonly UnitArgument[],
): Promise<UnitsSnapshot | undefined> {
  try {
    return await context.client.look(
      units.map(({ name }) => name),
      context.signal,
    );
  } catch (error) {
    context.signal.throwIfAborted();
    tellError(context, `${step}: error retrieving Unit(${units[0]?.name}) from Registry`, error);
    return undefined;
  }
}

async function planAll(
  context: CommandContext,
  options: EnsureOptions,
  units: readonly UnitArgument[],
  snapshot: UnitsSnapshot,
): Promise<readonly UnitPlan[] | undefined> {
  const plans: UnitPlan[] = [];
  let isGood = true;
  for (const unit of units) {
    const inCluster = snapshot.units.get(unit.name);
    try {
      const plan =
        unit.machine === undefined
          ? await planUnit(context, options.command, unit, inCluster, options.replace)
          : planOnMachine(unit, unit.machine, inCluster, snapshot);
      if (plan !== undefined) plans.push(plan);
    } catch (error) {
      context.signal.throwIfAborted();
      isGood = false;
      tellError(context, unit.machine === undefined ? step : `Error ${options.command}ing units`, error);
    }
  }
  if (!isGood) return undefined;
  if (plans.length > 0) return plans;
  throw new FleetError(
    "not-found",
    `No unit that matches is on such a machine: ${options.positionals.join(" ")}`,
  );
}

function isStopped({ instance, name }: UnitPlan, snapshot: UnitsSnapshot): boolean {
  const unit = snapshot.units.get(name);
  if (unit?.global !== true || unit.desiredState !== "launched") return false;
  const meant = (unit.seats ?? []).filter(({ machineID }) => (instance ?? machineID) === machineID);
  return meant.some(({ target }) => target === "loaded");
}

async function writePlans(
  context: CommandContext,
  options: EnsureOptions,
  plans: readonly UnitPlan[],
): Promise<boolean> {
  const written = plans.flatMap(({ name, content }) => (content === undefined ? [] : [{ name, content }]));
  const results = await writeContents(context, written);
  context.signal.throwIfAborted();
  const failures = results.filter((result) => "error" in result);
  tellUnitErrors(
    context,
    step,
    failures.map(({ item: { name }, error }) => ({ name, error, doing: "failed creating" })),
  );
  const created = results.filter((result) => !("error" in result)).map(({ item }) => item.name);
  const late = await waitForUnits(context, {
    names: created,
    judge: judgeState("inactive"),
    attempts: options.attempts,
    timedOut: (name) => `timed out waiting for unit ${name} to report state inactive`,
    interrupted: `Stopped waiting. These units have been submitted: ${created.join(" ")}`,
  });
  tellFailures(context, step, late);
  return failures.length === 0 && late.length === 0;
}

type DescribedUnit = Omit<EnsuredUnit, "isMatch" | "instance" | "isStopped">;

/** Of a unit that was just written the snapshot knows nothing yet; whether it is global is in its content. */
function describePlan({ name, content, desiredState }: UnitPlan, snapshot: UnitsSnapshot): DescribedUnit {
  return content === undefined
    ? {
        name,
        desiredState,
        isGlobal: snapshot.units.get(name)?.global ?? false,
        isNew: false,
        replacement: undefined,
      }
    : {
        name,
        desiredState: "inactive",
        isGlobal: parseRequirements(content.options, name).global,
        isNew: desiredState === undefined,
        replacement: undefined,
      };
}

function describeReplacement({ name, content, desiredState }: UnitPlan): DescribedUnit {
  assert(content !== undefined, `a replacement has content: ${name}`);
  const isGlobal = parseRequirements(content.options, name).global;
  return { name, desiredState, isGlobal, isNew: false, replacement: content };
}
