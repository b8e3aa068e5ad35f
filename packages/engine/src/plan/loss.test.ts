import { type MachineId, parseMachineId } from "@fleet/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { advanceLoss, initialLossState } from "./loss.js";
import type { LossOptions, LossState, LossVerdict } from "./loss-state.js";

const ttlMs = 9_000;
const calmMs = ttlMs / 3;

const defaults: LossOptions = { ttlMs, massLossHoldWatchedMs: 60_000, massLossHoldFoundMs: 300_000 };

/** A cluster seen by one process. Every machine has one unit that can go elsewhere, until it is released. */
class Watch {
  nowMs = 1_000;
  readonly known = new Set<MachineId>();
  readonly absent = new Set<MachineId>();
  readonly leaving = new Set<MachineId>();
  /** Machines with units that are nowhere else and have not been moved. */
  readonly loaded = new Set<MachineId>();
  /** Those whose units have no other place. */
  readonly stuck = new Set<MachineId>();
  readonly moved: string[] = [];
  override = false;
  stalled = false;
  state: LossState = initialLossState;
  last: LossVerdict | undefined;
  readonly #options: LossOptions;
  #hasGap = true;

  constructor(machines: number, options: Partial<LossOptions> = {}) {
    this.#options = { ...defaults, ...options };
    for (let index = 1; index <= machines; index += 1) {
      this.known.add(machine(index));
      this.loaded.add(machine(index));
    }
  }

  lose(...indexes: readonly number[]): this {
    for (const index of indexes) this.absent.add(machine(index));
    return this;
  }

  bringBack(...indexes: readonly number[]): this {
    for (const index of indexes) this.absent.delete(machine(index));
    return this;
  }

  gap(): this {
    this.#hasGap = true;
    return this;
  }

  pass(ms: number): this {
    this.nowMs += ms;
    return this.look();
  }

  look(): this {
    const present = new Set([...this.known].filter((id) => !this.absent.has(id)));
    this.last = advanceLoss(this.state, {
      nowMs: this.nowMs,
      known: this.known,
      present,
      leaving: new Set([...this.leaving].filter((id) => present.has(id))),
      movableSeats: new Map(
        [...this.absent].map((id) => [id, this.loaded.has(id) && !this.stuck.has(id) ? 1 : 0]),
      ),
      stuck: this.stuck,
      watched: !this.#hasGap,
      stalled: this.stalled,
      override: this.override,
      options: this.#options,
    });
    this.#hasGap = false;
    this.stalled = false;
    this.state = this.last.state;
    for (const id of [...this.last.released].sort()) {
      if (this.absent.has(id) && !this.stuck.has(id) && this.loaded.delete(id)) this.moved.push(id);
    }
    return this;
  }

  get held(): readonly string[] {
    return this.last?.held.map(({ machine: id }) => id).sort() ?? [];
  }
}

function machine(index: number): MachineId {
  return parseMachineId(`m${String(index).padStart(2, "0")}`);
}

describe("a machine that is lost", () => {
  it("releases nothing of a machine that was merely found away, though nothing there could move then", () => {
    const watch = new Watch(3).lose(1);
    watch.stuck.add(machine(1));
    watch.look();
    expect([...watch.last!.released]).toEqual([]);
    expect(watch.last!.wakeAtMs).toBe(watch.nowMs + ttlMs);
    expect([...watch.pass(ttlMs - 1).last!.released]).toEqual([]);
    expect([...watch.pass(1).last!.released]).toEqual([machine(1)]);
  });

  it("is released at once if it was seen to vanish", () => {
    expect(new Watch(5).look().lose(3).look().moved).toEqual(["m03"]);
  });

  it("is released after one more TTL if it was merely found away", () => {
    const watch = new Watch(5).lose(3).look();
    expect(watch.moved).toEqual([]);
    expect(watch.last).toMatchObject({ wakeAtMs: watch.nowMs + ttlMs, held: [{ machine: "m03" }] });
    expect(watch.pass(ttlMs - 1).moved).toEqual([]);
    expect(watch.pass(1).moved).toEqual(["m03"]);
  });

  it("counts as found if the process had a gap when it vanished", () => {
    const watch = new Watch(5).look().gap().lose(3).look();
    expect(watch.moved).toEqual([]);
    expect(watch.pass(ttlMs).moved).toEqual(["m03"]);
  });

  it("is released no sooner if somebody else has moved its units meanwhile, and others come to it", () => {
    const watch = new Watch(5).lose(3).look();
    watch.loaded.delete(machine(3));
    watch.pass(calmMs);
    watch.loaded.add(machine(3));
    expect([...watch.pass(ttlMs - calmMs - 1).last!.released]).toEqual([]);
    expect(watch.pass(1).moved).toEqual(["m03"]);
  });

  it("is not released at all if it is back in time", () => {
    const watch = new Watch(5)
      .lose(3)
      .look()
      .pass(ttlMs - 1)
      .bringBack(3);
    expect(watch.pass(60_000).moved).toEqual([]);
    expect(watch.last?.held).toEqual([]);
  });

  it("stays released while it is away, for units that find a place later", () => {
    const watch = new Watch(5).look().lose(3).look().pass(3_600_000);
    expect([...(watch.last?.released ?? [])]).toEqual(["m03"]);
    expect([...(watch.bringBack(3).look().last?.released ?? [])]).toEqual([]);
  });

  it("is none if it said that it was leaving", () => {
    const watch = new Watch(5).look();
    for (const index of [1, 2, 3, 4]) watch.leaving.add(machine(index));
    watch.look().lose(1, 2, 3, 4).look();
    expect(watch.moved).toEqual(["m01", "m02", "m03", "m04"]);
    expect(watch.last?.braked.size).toBe(0);
  });

  it("is none if nobody knows it any more", () => {
    const watch = new Watch(5).lose(3).look();
    watch.known.delete(machine(3));
    expect(watch.pass(60_000).last?.released.size).toBe(0);
  });
});

describe("machines lost one by one", () => {
  it("are released one by one, however many", () => {
    const watch = new Watch(6).look();
    for (const index of [1, 2, 3, 4, 5]) {
      watch.lose(index).look();
      expect(watch.moved.length).toBe(index);
      watch.pass(ttlMs);
    }
  });

  it("wait for a calm of a third of the TTL if they follow each other quickly", () => {
    const watch = new Watch(6).look().lose(1).look();
    expect(watch.moved).toEqual(["m01"]);
    expect(watch.lose(2).pass(1_000).moved).toEqual(["m01"]);
    expect(watch.last?.wakeAtMs).toBe(watch.nowMs + calmMs);
    expect(watch.lose(3).pass(calmMs - 1).moved).toEqual(["m01"]);
    expect(watch.pass(calmMs - 1).moved).toEqual(["m01"]);
    expect(watch.pass(1).moved).toEqual(["m01", "m02", "m03"]);
  });

  it("are not each the first, though those before had nothing that could move when they vanished", () => {
    const watch = new Watch(5).look();
    watch.stuck.add(machine(1));
    watch
      .lose(1)
      .look()
      .pass(calmMs / 2);
    expect(watch.moved).toEqual([]);
    watch.stuck.delete(machine(1));
    expect(watch.look().moved).toEqual(["m01"]);
    expect(watch.lose(2).look().moved).toEqual(["m01"]);
    expect(watch.pass(calmMs).moved).toEqual(["m01", "m02"]);
  });

  it("are not each the first, though those before were moved meanwhile", () => {
    // A network failure: leases end one after another, a few hundred ms apart.
    const watch = new Watch(10).look();
    for (const index of [1, 2, 3, 4, 5, 6, 7, 8, 9]) watch.lose(index).pass(300);
    expect(watch.moved).toEqual(["m01"]);
    expect(watch.held.length).toBe(8);
  });

  it("are released at once up to a tenth of the cluster", () => {
    const watch = new Watch(30).look().lose(1, 2, 3, 4, 5).look();
    expect(watch.moved).toEqual(["m01", "m02", "m03"]);
    expect(watch.pass(calmMs).moved.length).toBe(5);
  });

  it("do not include what was away long ago", () => {
    const watch = new Watch(5).lose(4, 5);
    watch.loaded.delete(machine(4));
    watch.loaded.delete(machine(5));
    expect(watch.look().pass(ttlMs).lose(1).look().moved).toEqual(["m01"]);
  });
});

describe("most machines lost together", () => {
  it("are held for a minute if they were seen to vanish, then released with the brake on", () => {
    const watch = new Watch(5).look().lose(1, 2, 3).look();
    expect(watch.moved).toEqual([]);
    expect(watch.held).toEqual(["m01", "m02", "m03"]);
    expect(watch.last?.held[0]?.why).toContain("3 of 5");
    expect(watch.last?.wakeAtMs).toBe(watch.nowMs + 60_000);
    expect(watch.pass(59_999).moved).toEqual([]);
    expect(watch.pass(1).moved).toEqual(["m01", "m02", "m03"]);
    expect(watch.last?.braked.size).toBe(3);
  });

  it("are held though they come to light one by one, the first before a stop of the process", () => {
    const watch = new Watch(5).look().lose(1).look();
    expect(watch.moved).toEqual(["m01"]);
    expect(watch.last?.wakeAtMs).toBe(watch.nowMs + calmMs);
    watch.stalled = true;
    watch.lose(2).pass(13_000).lose(3).look();
    expect(watch.held).toEqual(["m02", "m03"]);
    expect(watch.pass(59_999).moved).toEqual(["m01"]);
    expect(watch.pass(1).moved).toEqual(["m01", "m02", "m03"]);
  });

  it("are held for five minutes if they were found away: a cold start moves nothing", () => {
    const watch = new Watch(10).lose(2, 3, 4, 5, 6, 7, 8, 9, 10).look();
    for (const index of [2, 3, 4, 5, 6, 7, 8, 9, 10]) watch.pass(2_500).bringBack(index).look();
    expect(watch.pass(600_000).moved).toEqual([]);
    const lonely = new Watch(10).lose(2, 3, 4, 5, 6, 7, 8, 9, 10).look();
    expect(lonely.pass(299_999).moved).toEqual([]);
    expect(lonely.pass(1).moved.length).toBe(9);
  });

  it("are no longer held when 45 % are there; the others follow when nobody else returns", () => {
    const watch = new Watch(20).look();
    watch.lose(...Array.from({ length: 19 }, (_, index) => index + 2)).look();
    for (let back = 2; back <= 8; back += 1) watch.pass(1_000).bringBack(back).look();
    expect(watch.moved).toEqual([]);
    watch.pass(1_000).bringBack(9).look();
    // Nine of twenty are there, but others may be coming.
    expect(watch.moved).toEqual([]);
    watch
      .pass(calmMs - 1)
      .bringBack(10)
      .look();
    watch.pass(calmMs - 1);
    expect(watch.moved).toEqual([]);
    watch.pass(1);
    expect(watch.moved.length).toBe(10);
    expect(watch.last?.braked.size).toBe(10);
  });

  it.each([
    [2, 2, "fewer than three are never most of a cluster"],
    [4, 2, "two of four"],
    [9, 4, "four of nine"],
    [20, 11, "55 % is not over 55 %"],
  ])("are not %i machines with %i lost: %s", (machines, lost) => {
    const watch = new Watch(machines).look();
    watch.lose(...Array.from({ length: lost }, (_, index) => index + 1)).look();
    expect(watch.pass(calmMs).moved.length).toBe(lost);
    expect(watch.last?.braked.size).toBe(0);
  });

  it("hold back those as well that were lost before it was most, and not moved yet", () => {
    const watch = new Watch(5).look().lose(1).look().pass(1_000).lose(2).look();
    expect(watch.moved).toEqual(["m01"]);
    watch.pass(1_000).lose(3).look();
    expect(watch.pass(30_000).moved).toEqual(["m01"]);
    expect(watch.held).toEqual(["m02", "m03"]);
  });

  it("are not held with a hold of 0, and until told with one without end", () => {
    const eager = new Watch(5, { massLossHoldWatchedMs: 0 }).look().lose(1, 2, 3).look();
    expect(eager.pass(calmMs).moved.length).toBe(3);
    const patient = new Watch(5, { massLossHoldWatchedMs: Number.POSITIVE_INFINITY }).look();
    patient.lose(1, 2, 3).look().pass(86_400_000);
    expect(patient.moved).toEqual([]);
    expect(patient.last?.wakeAtMs).toBeUndefined();
    expect(patient.last?.held[0]).not.toHaveProperty("untilMs");
    patient.override = true;
    expect(patient.pass(1_000).moved.length).toBe(3);
    expect(patient.last?.braked.size).toBe(3);
  });

  it("move with the brake on also if there was no place for their units until long after the loss", () => {
    const watch = new Watch(5).look().lose(1, 2, 3).look();
    for (const index of [1, 2, 3]) watch.stuck.add(machine(index));
    watch.pass(60_000).pass(3_600_000);
    expect([...(watch.last?.braked ?? [])]).toEqual(["m01", "m02", "m03"]);
    watch.stuck.delete(machine(1));
    expect([...(watch.look().last?.braked ?? [])]).toContain("m01");
    expect(watch.moved).toEqual(["m01"]);
    // Those that are empty, or back, need no brake.
    expect([...(watch.bringBack(2).look().last?.braked ?? [])]).toEqual(["m03"]);
    watch.stuck.clear();
    expect(watch.look().look().last?.braked.size).toBe(0);
  });

  it("are held anew, and for as long, from when they are most again", () => {
    const watch = new Watch(5).look().lose(1, 2, 3).look().pass(40_000);
    watch.bringBack(1).look().pass(1_000).lose(4).look();
    expect(watch.last?.wakeAtMs).toBe(watch.nowMs + 60_000);
    expect(watch.pass(59_999).moved).toEqual([]);
    expect(watch.pass(1).moved).toEqual(["m02", "m03", "m04"]);
  });

  it("are held anew also if the hold was over before enough of them came back", () => {
    const watch = new Watch(5).look().lose(1, 2, 3).look().pass(60_000);
    // The brake lets go of one after another, so there is something left to move.
    watch.loaded.add(machine(2));
    watch.bringBack(1).look();
    watch.loaded.add(machine(2));
    watch.lose(4).look();
    expect(watch.held).toEqual(["m02", "m04"]);
    expect(watch.last?.wakeAtMs).toBe(watch.nowMs + 60_000);
  });

  it("are not held again by machines that are lost when the hold is over", () => {
    const watch = new Watch(6).look().lose(1, 2, 3, 4).look().pass(60_000);
    expect(watch.moved.length).toBe(4);
    expect(watch.lose(5).pass(calmMs).moved.length).toBe(5);
  });
});

describe("whatever happens", () => {
  const step = fc.record({
    change: fc.array(fc.nat({ max: 9 }), { maxLength: 4 }),
    passMs: fc.nat({ max: 20_000 }),
    gap: fc.boolean(),
  });

  it("nothing is released that is there, all is released in the end, and it says when to look again", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        const watch = new Watch(10).look();
        for (const { change, passMs, gap } of steps) {
          if (gap) watch.gap();
          for (const index of change) {
            if (watch.absent.has(machine(index + 1))) watch.bringBack(index + 1);
            else watch.lose(index + 1);
          }
          watch.pass(passMs);
          for (const id of watch.last?.released ?? []) expect(watch.absent.has(id)).toBe(true);
        }
        for (let looks = 0; looks < 50 && watch.last?.wakeAtMs !== undefined; looks += 1) {
          expect(watch.last.wakeAtMs).toBeGreaterThan(watch.nowMs);
          watch.pass(watch.last.wakeAtMs - watch.nowMs);
        }
        expect(watch.held).toEqual([]);
        expect([...watch.absent].filter((id) => watch.loaded.has(id))).toEqual([]);
      }),
    );
  });
});
