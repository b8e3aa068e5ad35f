import type { ClusterView, FencingMachine, RefusedUnit, RollOut } from "@fleet/core";
import type { Clock, EngineStatus, LeaderRegistry, Leadership } from "@fleet/core/ports";
import { drainProgress } from "../plan/drain-progress.js";
import type { Fenced } from "../plan/fenced.js";
import type { LossVerdict } from "../plan/loss-state.js";
import type { Plan } from "../plan/plan.js";
import type { Refusal } from "../plan/refusal.js";

/** How much of each list is published; etcd is no place for a long one, and `explain` has everything. */
const listMax = { refusals: 200, drains: 50, rollOuts: 50, quarantine: 20, machines: 500 };

/** A reason that is longer than this is cut. */
const reasonLengthMax = 500;

/** What only counts is published no more often than this, in ms. */
const progressEveryMs = 1_000;

/** What a status is made of. */
export interface StatusFacts {
  readonly plan: Plan;
  /** Units of which many seats are under way, most first. */
  readonly rollOuts: readonly RollOut[];
  readonly loss: LossVerdict;
  readonly fence: Fenced;
  /** The view that the plan was made from. */
  readonly view: ClusterView;
}

/**
 * Publishes the status that people see. Equal facts give an equal status, so that nothing is written while nothing
 * happens; and what only counts is held back a little.
 */
export class StatusPublisher {
  readonly #clock: Clock;
  readonly #registry: LeaderRegistry;
  /** What a moment of the process's clock is on the wall, computed once. */
  readonly #wallMs = new Map<number, number>();
  #published = "";
  /** What of it must not wait. */
  #urgent = "";
  #publishedAtMs = Number.NEGATIVE_INFINITY;
  #isHeldBack = false;

  constructor(clock: Clock, registry: LeaderRegistry) {
    this.#clock = clock;
    this.#registry = registry;
  }

  /** How long until there is something to publish that was held back. */
  get idleMs(): number {
    if (!this.#isHeldBack) return Number.POSITIVE_INFINITY;
    return Math.max(0, this.#publishedAtMs + progressEveryMs - this.#clock.monotonic());
  }

  /** Publishes, unless only counts have changed since a moment ago. */
  async publish(leadership: Leadership, facts: StatusFacts, signal: AbortSignal): Promise<void> {
    const status = this.#make(facts);
    const published = JSON.stringify(status);
    const urgent = urgentPart(status, facts.plan);
    const nowMs = this.#clock.monotonic();
    const isEarly = nowMs < this.#publishedAtMs + progressEveryMs;
    this.#isHeldBack = isEarly && published !== this.#published && urgent === this.#urgent;
    if (this.#isHeldBack) return;
    await this.#registry.publishStatus(leadership, status, signal);
    if (published === this.#published) return;
    this.#published = published;
    this.#urgent = urgent;
    this.#publishedAtMs = nowMs;
  }

  #make({ plan, loss, fence, view, rollOuts: underWay }: StatusFacts): EngineStatus {
    const { refusals } = plan;
    const fencing = this.#fencing(plan, fence);
    const machines = loss.held
      .toSorted((a, b) => (a.machine < b.machine ? -1 : 1))
      .slice(0, listMax.machines)
      .map(({ machine, why, untilMs }) =>
        untilMs === undefined
          ? { machine, held: why }
          : { machine, held: why, untilMs: this.#onTheWall(untilMs) },
      );
    if (loss.held.length === 0 && fencing.length === 0) this.#wallMs.clear();
    const paced = refusals.filter(({ failed }) => failed.some(({ check }) => check === "pace")).length;
    const drains = drainProgress(view, refusals).slice(0, listMax.drains);
    const rollOuts = underWay.slice(0, listMax.rollOuts);
    // The status itself is written anew by this very publication.
    const unreadable = view.unreadable.filter(({ key }) => !key.endsWith("/engine/status"));
    const more = refusals.length - listMax.refusals;
    return {
      machines,
      refusals: refusals.slice(0, listMax.refusals).map((refusal) => toRefused(withTime(refusal, fencing))),
      ...(more > 0 ? { moreRefusals: more } : {}),
      ...(paced > 0 ? { paced } : {}),
      ...(drains.length > 0
        ? { drains: drains.map((drain) => ({ ...drain, problems: drain.problems.map(toRefused) })) }
        : {}),
      ...(rollOuts.length > 0 ? { rollOuts } : {}),
      ...(fencing.length > 0 ? { fencing } : {}),
      ...(unreadable.length > 0
        ? {
            quarantine: {
              count: unreadable.length,
              records: unreadable
                .toSorted((a, b) => (a.key < b.key ? -1 : 1))
                .slice(0, listMax.quarantine)
                .map(({ key, problem }) => ({ key, problem: cut(problem) })),
            },
          }
        : {}),
    };
  }

  /** The machines that exclusive units wait for, with the times. */
  #fencing({ refusals }: Plan, { pending }: Fenced): readonly FencingMachine[] {
    const machines = new Set(refusals.flatMap(({ fencing }) => fencing ?? []));
    return [...machines]
      .sort()
      .slice(0, listMax.machines)
      .flatMap((machine) => {
        const endMs = pending.get(machine);
        return endMs === undefined ? [] : [{ machine, untilMs: this.#onTheWall(endMs) }];
      });
  }

  #onTheWall(monotonicMs: number): number {
    let wallMs = this.#wallMs.get(monotonicMs);
    if (wallMs === undefined) {
      wallMs = Math.round(this.#clock.now() + monotonicMs - this.#clock.monotonic());
      this.#wallMs.set(monotonicMs, wallMs);
    }
    return wallMs;
  }
}

/** What waits for a machine's copy says until when. */
function withTime(refusal: Refusal, fencing: readonly FencingMachine[]): RefusedUnit {
  const untilMs = fencing.find(({ machine }) => machine === refusal.fencing)?.untilMs;
  if (untilMs === undefined) return refusal;
  const time = new Date(untilMs).toISOString().slice(11, 19);
  return { unit: refusal.unit, reason: `${refusal.reason}; waits until ${time} UTC` };
}

function toRefused({ unit, reason }: RefusedUnit): RefusedUnit {
  return { unit, reason: cut(reason) };
}

function cut(text: string): string {
  return text.length <= reasonLengthMax ? text : `${text.slice(0, reasonLengthMax - 1)}…`;
}

/** Everything but counts, and units that only wait for their turn: those change with every unit that gets a little further. */
function urgentPart({ drains = [], machines, quarantine }: EngineStatus, { refusals }: Plan): string {
  return JSON.stringify([
    machines,
    quarantine,
    drains.map(({ machine }) => machine),
    refusals
      .filter(({ failed }) => failed.every(({ check }) => check !== "pace" && check !== "hand-over"))
      .slice(0, listMax.refusals)
      .map(toRefused),
  ]);
}
