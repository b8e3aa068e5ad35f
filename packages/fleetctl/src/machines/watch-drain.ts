import { ApiError, type MachineV2, TransportError } from "@fleet/client";
import type { CommandContext } from "../command.js";
import { indexMachines, machineLegend } from "../output/machine-legend.js";
import { machineName } from "./find-machines.js";

/** How often it is looked how far a machine is. */
const lookEveryMs = 500;
/** What is told without a status line, and how often at most. */
const remarkEveryMs = 5_000;
/** A drain in which nothing moves any more for so long is given up waiting for. */
const stuckMs = 10_000;
/** A server that cannot be reached is asked again for so long, because a fleetd may be restarting. */
const outageMsMax = 30_000;

/** How the waiting for a drain ended. */
export type DrainEnd =
  | { readonly kind: "drained"; readonly machine: MachineV2; readonly moved: number }
  /** Somebody else has ended the drain, or the machine was forgotten. */
  | { readonly kind: "ended" }
  /** Only units are left that do not get away by themselves, or the time is up. */
  | { readonly kind: "stuck" | "late"; readonly machine: MachineV2 };

/** What to wait for. */
export interface DrainWatch {
  readonly machine: MachineV2;
  /** When to stop waiting, on the monotonic clock; infinity for never. */
  readonly deadlineMs: number;
}

/**
 * Waits until a machine is drained, telling each unit that has left on stdout, and on stderr what is going on.
 * @throws the server's error if it refuses to be asked, or cannot be reached for long; the signal's reason.
 */
export async function watchDrain(
  context: CommandContext,
  { deadlineMs, machine }: DrainWatch,
): Promise<DrainEnd> {
  const { clock, signal, stderr } = context;
  const id = machine.machineID;
  const teller = new LeaverTeller(context, id);
  const told = { text: "", atMs: Number.NEGATIVE_INFINITY };
  let stuckSinceMs: number | undefined;
  let awaySinceMs: number | undefined;
  let newest = machine;
  try {
    for (;;) {
      const nowMs = clock.monotonic();
      try {
        const found = await context.client.listKnownMachines(signal, [id]);
        const [now] = found === "unsupported" ? [] : found;
        if (now?.drain === undefined) return { kind: "ended" };
        await teller.tell();
        newest = now;
        awaySinceMs = undefined;
        if (now.drain.left === 0 && now.drain.stopping === 0) {
          return { kind: "drained", machine: now, moved: teller.moved };
        }
        stuckSinceMs = isStuck(now) ? (stuckSinceMs ?? nowMs) : undefined;
        if (stuckSinceMs !== undefined && nowMs - stuckSinceMs >= stuckMs)
          return { kind: "stuck", machine: now };
        tellProgress(context, progressText(now), told);
      } catch (error) {
        signal.throwIfAborted();
        const isOutage =
          error instanceof TransportError || (error instanceof ApiError && error.status === 503);
        awaySinceMs ??= nowMs;
        if (!isOutage || nowMs - awaySinceMs > outageMsMax) throw error;
        tellProgress(context, `Draining ${machineName(machine)}: no answer, trying again`, told);
      }
      if (nowMs >= deadlineMs) return { kind: "late", machine: newest };
      await clock.sleep(Math.min(lookEveryMs, deadlineMs - nowMs), signal);
    }
  } finally {
    stderr.status?.(undefined);
  }
}

/** Nothing is on its way or waits for its turn: what is left has no way out. */
function isStuck({ drain }: MachineV2): boolean {
  if (drain?.stuck === undefined || drain.stopping > 0) return false;
  return drain.stuck > 0 && drain.leaving === 0 && drain.waiting === 0;
}

/** What is going on, in a line. */
export function progressText(machine: MachineV2): string {
  const { drain } = machine;
  if (drain === undefined) return "";
  const { leaving = 0, left, problems = [], stopping, stuck = 0, waiting = 0 } = drain;
  const parts = [
    `${left} to go`,
    ...(leaving > 0 ? [`${leaving} starting elsewhere`] : []),
    ...(waiting > 0 ? [`${waiting} waiting`] : []),
    ...(stopping > 0 ? [`${stopping} stopping`] : []),
    ...(stuck > 0 ? [`${stuck} stuck`] : []),
  ];
  const [problem] = problems;
  const because = problem === undefined ? "" : ` (${problem.name}: ${problem.reason})`;
  const silence = drain.leaving === undefined && left > 0 ? ", no leader has planned it yet" : "";
  return `Draining ${machineName(machine)}: ${parts.join(", ")}${silence}${because}`;
}

/** On a terminal one line that changes; elsewhere a line now and then, if it says something new. */
function tellProgress(
  { clock, stderr }: CommandContext,
  text: string,
  told: { text: string; atMs: number },
): void {
  if (stderr.status !== undefined) {
    stderr.status(text);
    return;
  }
  const nowMs = clock.monotonic();
  if (told.atMs === Number.NEGATIVE_INFINITY) told.atMs = nowMs;
  if (text === told.text || nowMs < told.atMs + remarkEveryMs) return;
  stderr.write(`${text}\n`);
  told.text = text;
  told.atMs = nowMs;
}

/** Tells of the units that have left a machine since it was looked last. */
class LeaverTeller {
  readonly #context: CommandContext;
  readonly #machine: string;
  #before: ReadonlySet<string> | undefined;
  #moved = 0;

  constructor(context: CommandContext, machine: string) {
    this.#context = context;
    this.#machine = machine;
  }

  /** How many units were told of. */
  get moved(): number {
    return this.#moved;
  }

  async tell(): Promise<void> {
    const { client, signal, stdout } = this.#context;
    const states = await client.listStates({ machineId: this.#machine }, signal);
    const now = new Set(states.map(({ name = "" }) => name));
    const gone = [...(this.#before ?? [])].filter((name) => !now.has(name));
    this.#before = now;
    if (gone.length === 0) return;
    const [{ units }, machines] = await Promise.all([client.look(gone, signal), client.listMachines(signal)]);
    const index = indexMachines(machines);
    for (const name of gone.sort()) {
      const to = units.get(name)?.machineID ?? "";
      if (to === "" || to === this.#machine) {
        stdout.write(`Unit ${name} is gone\n`);
      } else {
        this.#moved += 1;
        stdout.write(`Unit ${name} moved to ${machineLegend(to, index, false)}\n`);
      }
    }
  }
}
