import { FleetError, type Revision, type Term } from "@fleet/core";
import type { Clock, Leadership } from "@fleet/core/ports";
import type { Compare, LeaseId } from "./store.js";

/** What an election hands over. */
export interface OfficeDetails {
  readonly term: Term;
  readonly revision: Revision;
  readonly leaseId: LeaseId;
  readonly leaderKey: string;
  /** The exact value of the leader key. */
  readonly leaderValue: string;
  readonly clock: Clock;
  /** Until when, on `boottime`, nobody else can hold the office. */
  readonly validUntilMs: () => number;
  readonly resign: () => Promise<void>;
  readonly signal: AbortSignal;
}

/** A term of office together with the proof of it that every write carries. Made by the election alone. */
export class Office implements Leadership {
  readonly #details: OfficeDetails;

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

  /** What every transaction of this term compares: the same key, written by the same process. */
  get proof(): readonly Compare[] {
    const { leaderKey: key, leaderValue } = this.#details;
    return [
      { key, target: "create", is: "=", operand: this.revision },
      { key, target: "value", is: "=", operand: leaderValue },
    ];
  }

  /** Says whether the leader key, as read, still proves this office. */
  isProvenBy(item: { readonly createRevision: Revision; readonly value: string } | undefined): boolean {
    return item?.createRevision === this.revision && item.value === this.#details.leaderValue;
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
