import type { SimMachine } from "../machine/sim-machine.js";
import { Beliefs } from "../truth/belief.js";
import { keyOf, seatOf } from "../truth/records.js";
import type { World } from "../world.js";
import type { Checker } from "./checker.js";

/**
 * I4, nothing is started twice (protocol rules P5.1 and P5.2). Each start that systemd takes from fleetd uses up one
 * generation: the machine's boot, a seat's create revision, its content and start count, of a seat that asks for
 * `launched` and is of a history the machine may believe (P6). A content that comes back after another one is a generation
 * of its own, and so is one that is launched again after the seat has said `loaded`. A start without an unused generation is a restart that nobody
 * asked for. The one exception is the protocol's own: where fleetd ended after it had noted the intent and before it had
 * noted that the start was issued, it may be issued once more.
 */
export function startedOnce(world: World): Checker {
  const invariant = "I4-starts";
  const { truth } = world;
  const beliefs = new Beliefs(world);
  const used = new Map<string, Set<string>>();
  /** Generations of which only the intent was noted when fleetd ended. */
  const open = new Set<string>();

  /** The generations that a seat has asked for so far, the oldest first. */
  const askedFor = (machine: SimMachine, unit: string): readonly string[] => {
    const generations: string[] = [];
    let before = "";
    let turn = 0;
    for (const version of truth.history.all(keyOf.seat(machine.id, unit))) {
      const seat = seatOf(version);
      const isLaunched = seat?.target === "launched";
      const now = `${isLaunched} ${version.createRevision} ${seat?.contentId.slice(0, 8)} ${seat?.startCount}`;
      if (now !== before) turn += 1;
      before = now;
      if (!isLaunched || !beliefs.mayActUpon(machine, version)) continue;
      generations.push(`${machine.boot} ${turn} ${now}`);
    }
    return generations;
  };
  const usedBy = (machine: SimMachine, unit: string): Set<string> => {
    const id = `${machine.name} ${unit}`;
    const found = used.get(id) ?? new Set<string>();
    used.set(id, found);
    return found;
  };

  const checkStart = (machine: SimMachine, unit: string): void => {
    const generations = askedFor(machine, unit);
    const spent = usedBy(machine, unit);
    const unused = generations.findLast((generation) => !spent.has(generation));
    if (unused !== undefined) {
      spent.add(unused);
      return;
    }
    const repeated = generations
      .map((generation) => `${machine.name} ${unit} ${generation}`)
      .find((generation) => open.has(generation));
    if (repeated !== undefined) open.delete(repeated);
    else
      world.fail(invariant, `${unit} is started on ${machine.name} once more, and nothing new asks for it`);
  };

  return {
    invariant,
    onCall: (machine, call, unit) => {
      if (call === "start") checkStart(machine, unit);
    },
    onRefused: (machine, call, unit) => {
      const spent = usedBy(machine, unit);
      const last = [...spent].at(-1);
      if (call === "start" && last !== undefined) spent.delete(last);
    },
    onProcessGone: (machine) => {
      for (const document of machine.startDocuments()) {
        for (const [unit, record] of Object.entries(
          JSON.parse(document) as Record<string, { phase: string }>,
        )) {
          if (record.phase !== "intent") continue;
          for (const generation of usedBy(machine, unit)) open.add(`${machine.name} ${unit} ${generation}`);
        }
      }
    },
    // What the guard has killed may be started anew, for the seat it had (docs/decisions/0048).
    onGuard: (machine, unit) => {
      const spent = usedBy(machine, unit);
      const last = [...spent].at(-1);
      if (last !== undefined) spent.delete(last);
    },
    onAccept: (machine) => beliefs.onAccept(machine),
  };
}
