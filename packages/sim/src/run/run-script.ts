import { allCheckers } from "../checks/all.js";
import type { Violation } from "../checks/checker.js";
import type { LogLine } from "../event-log.js";
import { applyDeed } from "../script/apply-deed.js";
import type { Script } from "../script/generate.js";
import { World } from "../world.js";

/** What came of a world. */
export interface Outcome {
  readonly violation: Violation | undefined;
  /** Over everything that happened. */
  readonly digest: string;
  /** How often each kind of deed was done. */
  readonly faults: Readonly<Record<string, number>>;
  readonly virtualMs: number;
  /** How many events the world had. */
  readonly events: number;
  /** What happened, if it was asked for. */
  readonly lines: readonly LogLine[];
}

/** How long after the faults everything may take to come right; the longest hold, and what follows it. */
const patienceMs = 400_000;

/** A machine causes some 500 events in a minute; with fifty times as many it does nothing but write. */
const eventsOfMachineMinute = 25_000;

/** How often it is looked whether everything has come right. */
const lookEveryMs = 2_000;

/** What is still under way when all is right: elections, last acknowledgements. */
const settleMs = 10_000;

/** How often agents look at everything at the latest, and a little more. */
const resyncMs = 75_000;

/** For how long nothing at all may be written once everything is right. */
const restMs = 20_000;

/**
 * Plays a script to its end, or to the first promise that is broken.
 * @param keepsLines - Whether the outcome tells what happened.
 * @param judge - Says what is wrong in the end, beside what every world is held against.
 */
export async function runScript(
  script: Script,
  keepsLines = false,
  judge: (world: World) => string | undefined = () => undefined,
): Promise<Outcome> {
  const world = new World(script.seed, script.config, keepsLines);
  world.watch(allCheckers(world));
  const { stackTraceLimit } = Error;
  // Worlds make thousands of errors in passing; only who reads the story wants to know where one came from.
  if (!keepsLines) Error.stackTraceLimit = 0;
  try {
    await play(world, script);
    const wrong = world.violation === undefined ? judge(world) : undefined;
    if (wrong !== undefined) world.fail("case", wrong);
  } catch (error) {
    world.fail("no-bugs", error instanceof Error ? error.message : String(error));
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
    world.end();
  }
  return {
    violation: world.violation,
    digest: world.events.digest,
    faults: Object.fromEntries(world.faults),
    virtualMs: world.nowMs,
    events: world.scheduler.events,
    lines: world.events.lines,
  };
}

/** Lets a second pass. A world in which incomparably more happens than in others never comes to an end: that is a bug, too. */
async function passSecond(world: World, seconds = 1): Promise<void> {
  await world.scheduler.run(world.nowMs + seconds * 1_000);
  const { machines, minutes } = world.config;
  const eventsMax = eventsOfMachineMinute * machines * (minutes + patienceMs / 60_000);
  if (world.scheduler.events > eventsMax)
    world.fail("no-bugs", `more than ${eventsMax} events: somebody runs wild`);
}

async function play(world: World, { config, steps }: Script): Promise<void> {
  const endMs = config.minutes * 60_000;
  for (const [index, machine] of world.machines.entries()) {
    world.scheduler.after(index * 150, () => machine.startDaemon());
  }
  for (const { atMs, deed } of steps) {
    world.scheduler.after(atMs, () => {
      if (world.violation === undefined && !world.isMended) applyDeed(world, deed);
    });
  }
  while (world.nowMs < endMs && world.violation === undefined) await passSecond(world);
  if (world.violation !== undefined) return;
  world.log("fate", "the faults are over");
  world.mend();
  await comeRight(world);
  if (world.violation === undefined) await stayRight(world);
}

async function comeRight(world: World): Promise<void> {
  const limitMs = world.nowMs + patienceMs;
  for (;;) {
    await passSecond(world, lookEveryMs / 1_000);
    if (world.violation !== undefined) return;
    world.users.acceptIfFrozen();
    const unsettled = world.checkers.flatMap((checker) => checker.unsettled?.() ?? []);
    if (unsettled.length === 0) return;
    if (world.nowMs >= limitMs) return world.fail("I7", unsettled.slice(0, 5).join("; "));
  }
}

/** What has come right stays as it is: nobody writes anything any more, and nobody starts or stops anything (I4). */
async function stayRight(world: World): Promise<void> {
  // Where a registry was accepted, agents look at everything once more when they do so anyway.
  await world.scheduler.run(world.nowMs + (world.truth.branch > 0 ? resyncMs : settleMs));
  world.isResting = true;
  await world.scheduler.run(world.nowMs + restMs);
  if (world.violation !== undefined) return;
  const unsettled = world.checkers.flatMap((checker) => checker.unsettled?.() ?? []);
  if (unsettled.length > 0)
    world.fail("I7", `came right, and did not stay so: ${unsettled.slice(0, 3).join("; ")}`);
}
