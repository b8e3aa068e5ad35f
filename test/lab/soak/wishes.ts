// What users ask for while things break. A command that fails is repeated when all is calm; one that was acknowledged counts.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { LabError, runCommand, sleep, until } from "@fleet/lab";
import type { Stage } from "../e2e/stage.js";
import { fleetctlCommand } from "../fleetctl.js";
import type { Round, WishKind } from "./fault-plan.js";
import type { Asked } from "./reasons.js";
import type { SoakUnit } from "./units.js";

/** How users' commands are carried out. */
export interface Users {
  readonly stage: Stage;
  readonly units: readonly SoakUnit[];
  /** Takes what was asked for; it is over when the cluster has settled. */
  readonly asked: Asked[];
  /** Where unit files are written. */
  readonly directory: string;
  /** The machines that nobody asks now: a command might reach one when its user has given up and asked another. */
  readonly avoided: ReadonlySet<string>;
}

const commandTimeoutMs = 40_000;
const insistMs = 120_000;

/** Gives every unit to fleet and starts it. Global ones come last: they yield only to what has a place already. */
export async function submitAll(users: Users): Promise<void> {
  const { stage, units, directory } = users;
  for (const isGlobal of [false, true]) {
    const chosen = units.filter((unit) => unit.isGlobal === isGlobal);
    const files = chosen.map((unit) => fileOf(directory, unit));
    const patience = { timeoutMs: 60_000, everyMs: 500, signal: stage.signal };
    await until("fleet to take the units", patience, async () => {
      return (await ask(users, ["start", "--no-block", ...files])) === undefined;
    });
    const names = new Set(chosen.map(({ name }) => name));
    await stage.until("the units to run", patience.timeoutMs, (running) => {
      const found = new Set(running.map(({ unit }) => unit).filter((unit) => names.has(unit)));
      return found.size === names.size;
    });
  }
}

function fileOf(directory: string, { name, text }: SoakUnit): string {
  const file = join(directory, name);
  writeFileSync(file, text);
  return file;
}

/** Runs fleetctl. @returns what it complains of, if it fails. */
async function ask({ stage, avoided }: Users, args: readonly string[]): Promise<string | undefined> {
  const options = { timeoutMs: commandTimeoutMs, signal: stage.signal };
  const reached = stage.machines.filter((machine) => !avoided.has(machine));
  try {
    const result = await runCommand(fleetctlCommand(stage.lab, args, reached), options);
    return result.code === 0 ? undefined : result.stderr.trim().split("\n")[0];
  } catch (error) {
    if (error instanceof LabError && error.code === "timeout") return "it did not end in time";
    throw error;
  }
}

/** A command, and what undoes it when the faults are over. */
interface Plan {
  readonly asked: Asked;
  readonly steps: readonly (readonly string[])[];
  readonly undo?: readonly string[];
}

function planWish({ stage, units, directory }: Users, kind: WishKind, choice: number, edition: number): Plan {
  const fromMs = stage.nowMs();
  if (kind === "drain") {
    const machine = stage.machines[Math.floor(choice * stage.machines.length)] ?? "";
    const id = stage.lab.machines.id(machine);
    const steps = [["drain", "--no-block", id]];
    return { asked: { fromMs, drained: machine }, steps, undo: ["uncordon", id] };
  }
  const open = units.filter(({ mayBeAsked }) => mayBeAsked);
  const unit = open[Math.floor(choice * open.length)] as SoakUnit;
  const file = fileOf(directory, { ...unit, text: `# edition ${edition}\n${unit.text}` });
  const steps = {
    restart: [["restart", "--timeout=20", unit.name]],
    "stop-start": [
      ["stop", "--no-block", unit.name],
      ["start", "--no-block", unit.name],
    ],
    "destroy-create": [
      ["destroy", "--no-block", unit.name],
      ["start", "--no-block", file],
    ],
    replace: [["start", "--replace", "--no-block", file]],
  }[kind];
  return { asked: { fromMs, unit: unit.name }, steps };
}

/**
 * Carries a round's wish out. @returns what is left to be done when the faults are over, which waits until it is done.
 * @param number - The round's.
 */
export async function carryOutWish(
  users: Users,
  { wish }: Round,
  number: number,
): Promise<() => Promise<void>> {
  const { stage } = users;
  if (wish === undefined) return async () => undefined;
  await sleep(wish.afterMs, stage.signal);
  const { asked, steps, undo } = planWish(users, wish.kind, wish.choice, number);
  users.asked.push(asked);
  const left = [...steps];
  stage.say(`user: ${wish.kind} ${asked.unit ?? asked.drained}`);
  for (const step of steps) {
    const problem = await ask(users, step);
    if (problem !== undefined) {
      stage.say(`fleetctl ${step.slice(0, 2).join(" ")}: ${problem}`);
      asked.mayComeLate = true;
      break;
    }
    left.shift();
  }
  return async () => {
    // A drain that nobody was there to hear of has been forgotten by whoever asked for it.
    const rest = undo === undefined ? left : [undo];
    for (const step of rest) {
      const what = `fleetctl ${step.slice(0, 2).join(" ")} to succeed`;
      await until(what, { timeoutMs: insistMs, everyMs: 1_000, signal: stage.signal }, async () => {
        const problem = await ask(users, step);
        // Before the command failed it may have been done.
        return problem === undefined || /not found|could not find|does not exist|no such/i.test(problem);
      });
    }
  };
}
