import { FleetError, type MachineId, type Revision, type Term } from "@fleet/core";
import type { Clock, Leadership } from "@fleet/core/ports";
import { decodeLeader, encodeOffice } from "./codec.js";
import type { Compare, LeaseId, StoredValue } from "./store.js";

/** What an election hands over. */
export interface OfficeDetails {
  readonly machine: MachineId;
  /** The process that was elected. */
  readonly instance: string;
  readonly term: Term;
  readonly revision: Revision;
  readonly leaseId: LeaseId;
  readonly leaderKey: string;
  readonly clock: Clock;
  /** Until when, on `boottime`, nobody else can hold the office. */
  readonly validUntilMs: () => number;
  readonly resign: () => Promise<void>;
  readonly signal: AbortSignal;
}

/** What a transaction of the leader carries to prove its office. */
export interface Proof {
  readonly compare: readonly Compare[];
  /** Which of the values of the leader key it compares: how often late writes had been voided when it was made. */
  readonly voided: number;
}

/**
 * A term of office together with the proof of it that every write carries. Made by the election alone.
 *
 * A write that got no answer may still be on its way, and happen at any time later. To make sure that it does not, the
 * value of the leader key is changed, which every write compares: it counts how often that was done.
 */
export class Office implements Leadership {
  readonly #details: OfficeDetails;
  /** As far as is known, the leader key says this. */
  #voided = 0;
  /** What the newest write compared that got no answer. */
  #unanswered = -1;

  constructor(details: OfficeDetails) {
    this.#details = details;
  }

  get term(): Term {
    return this.#details.term;
  }

  get revision(): Revision {
    return this.#details.revision;
  }

  get signal(): AbortSignal {
    return this.#details.signal;
  }

  /** The lease of the leader key, for what must go with the office. */
  get leaseId(): LeaseId {
    return this.#details.leaseId;
  }

  get leaderKey(): string {
    return this.#details.leaderKey;
  }

  /** What a transaction compares: the same key, written by the same process, with nothing voided since. */
  get proof(): Proof {
    const key = this.leaderKey;
    return {
      compare: [
        { key, target: "create", is: "=", operand: this.revision },
        { key, target: "value", is: "=", operand: this.valueAfter(this.#voided) },
      ],
      voided: this.#voided,
    };
  }

  /** Whether there may be a write under way that nobody waits for any more. */
  get isInDoubt(): boolean {
    return this.#unanswered >= this.#voided;
  }

  /** The value of the leader key when late writes have been voided so often. */
  valueAfter(voided: number): string {
    const { machine, instance, term } = this.#details;
    return encodeOffice({ machine, instance, term: term.n, ...(voided === 0 ? {} : { voided }) });
  }

  /** Takes note that a transaction got no answer. */
  noteUnanswered({ voided }: Proof): void {
    this.#unanswered = Math.max(this.#unanswered, voided);
  }

  /**
   * Takes in the leader key after it did not prove what it should: late writes may have been voided meanwhile.
   * @throws {FleetError} `conflict` unless it is this office's, and newer than the proof.
   */
  follow(item: StoredValue | undefined, { voided }: Proof): void {
    const found = item?.createRevision === this.revision ? voidedIn(item) : undefined;
    if (found === undefined || found <= voided || item?.value !== this.valueAfter(found)) throw officeLost();
    this.noteVoided(found);
  }

  /** Takes note that nothing can happen any more that compares an older value. */
  noteVoided(voided: number): void {
    this.#voided = Math.max(this.#voided, voided);
  }

  /** Says whether the leader key, as read, is what a transaction compared. */
  isProvenBy(item: StoredValue | undefined, { voided }: Proof): boolean {
    return item?.createRevision === this.revision && item.value === this.valueAfter(voided);
  }

  /** @throws {FleetError} `conflict` if the office may be lost by now. */
  throwIfLost(): void {
    if (this.signal.aborted || this.#details.clock.boottime() >= this.#details.validUntilMs())
      throw officeLost();
  }

  resign(): Promise<void> {
    return this.#details.resign();
  }
}

/** The error of a leader that is none any more. */
export function officeLost(): FleetError {
  return new FleetError("conflict", "cannot commit: the office of the leader is lost");
}

function voidedIn(item: StoredValue): number | undefined {
  try {
    return decodeLeader(item).voided ?? 0;
  } catch {
    return undefined;
  }
}
