import { isFleetError } from "@fleet/core";
import { decodeCandidate, encodeOffice } from "./codec.js";
import type { ElectionOptions } from "./election.js";
import { candidateSlots } from "./keys.js";
import { LeaseKeeper } from "./lease-keeper.js";
import { readAll } from "./read-all.js";
import type { Compare, StoredValue } from "./store.js";
import { watchUntil } from "./watch-until.js";

/** Of many daemons that wait for a place, each looks after a while of its own within this, in ms. */
const jitterMs = 1_000;

/** A place among the candidates, held by a lease. */
export class CandidateSlot {
  readonly keeper: LeaseKeeper;
  readonly #key: string;
  readonly #value: string;

  private constructor(key: string, value: string, keeper: LeaseKeeper) {
    this.#key = key;
    this.#value = value;
    this.keeper = keeper;
  }

  /** What an election compares: that this process is a candidate. */
  get proof(): Compare {
    return { key: this.#key, target: "value", is: "=", operand: this.#value };
  }

  /** Says whether the place, as read, is still this process's. */
  isHeldBy(item: StoredValue | undefined): boolean {
    return item?.value === this.#value;
  }

  /** The key of the place. */
  get key(): string {
    return this.#key;
  }

  /** Takes a place, waiting for one as long as all are taken. A dead self's place is taken over. */
  static async take(options: ElectionOptions, signal: AbortSignal): Promise<CandidateSlot> {
    const { trust, keys, clock, random } = options;
    for (;;) {
      const { items, revision } = await readAll(trust.store, keys.candidates, signal);
      const free = freeSlot(options, items);
      if (free !== undefined) {
        const slot = await CandidateSlot.#claim(options, free, signal);
        if (slot !== undefined) return slot;
        continue;
      }
      await watchUntil(trust.store, { prefix: keys.candidates }, revision + 1, signal, (event) => {
        return event.kind === "delete";
      });
      await clock.sleep(random.fraction() * jitterMs, signal);
    }
  }

  static async #claim(
    options: ElectionOptions,
    free: { readonly key: string; readonly modRevision: number },
    signal: AbortSignal,
  ): Promise<CandidateSlot | undefined> {
    const { trust, clock, machine, instance, candidateTtlSeconds: ttlSeconds = 10 } = options;
    const value = encodeOffice({ machine, instance });
    const keeper = await LeaseKeeper.grant({ store: trust.store, clock, ttlSeconds }, signal);
    try {
      const { succeeded } = await trust.store.transact(
        {
          compare: [{ key: free.key, target: "mod", is: "=", operand: free.modRevision }],
          success: [{ kind: "put", key: free.key, value, leaseId: keeper.leaseId }],
        },
        signal,
      );
      if (succeeded) return new CandidateSlot(free.key, value, keeper);
    } catch (error) {
      // If it did happen, the place is ours on a lease that nobody keeps, and is found as a dead self's.
      if (!isFleetError(error, "unavailable")) throw error;
    }
    await trust.probe.revokeLease(keeper.leaseId, signal);
    return undefined;
  }
}

/** A place that is ours from an earlier life, or else one that nobody has. */
function freeSlot(
  { keys, machine }: ElectionOptions,
  items: readonly StoredValue[],
): { readonly key: string; readonly modRevision: number } | undefined {
  const own = items.find((item) => machineOf(item) === machine);
  if (own !== undefined) return own;
  const taken = new Set(items.map((item) => item.key));
  for (let slot = 0; slot < candidateSlots; slot += 1) {
    const key = keys.candidate(slot);
    if (!taken.has(key)) return { key, modRevision: 0 };
  }
  return undefined;
}

function machineOf(item: StoredValue): string | undefined {
  try {
    return decodeCandidate(item).machine;
  } catch {
    // Taken, by nobody knows whom; its lease ends it.
    return undefined;
  }
}
