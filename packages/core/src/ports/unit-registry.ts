import type { DesiredState } from "../cluster/desired-state.js";
import type { MachinePolicy } from "../cluster/machine.js";
import type { Revision } from "../cluster/revision.js";
import type { UnitRecord } from "../cluster/unit-record.js";
import type { MachineId } from "../machine/machine-id.js";
import type { UnitContent } from "../unit/unit-content.js";
import type { UnitName } from "../unit/unit-name.js";

/** What to make of a unit, decided from its present record. */
export interface UnitChange {
  /** New content; absent to keep what is there (the unit must then exist). */
  readonly content?: UnitContent;
  readonly desiredState: DesiredState;
  /** Raises the start count though the desired state stays `launched`. */
  readonly restart?: boolean;
  /**
   * Concerns a launched global unit on this machine alone: `desiredState` is what is wanted of it there, `loaded` or
   * `launched`, and there is no content. What is wanted of the unit as a whole stays as it is.
   */
  readonly machine?: MachineId;
  /** What was said of single machines stays; otherwise a word on the unit as a whole is one on all of them. */
  readonly keepsInstances?: boolean;
}

/** What became of a write. */
export interface WriteOutcome {
  /** The revision of the transaction that did it, or of the read that found nothing to do. */
  readonly revision: Revision;
  readonly effect: "created" | "changed" | "unchanged";
}

/** One of several writes: a change as `changeUnit` makes it, or the end of a unit. */
export type UnitWrite = { readonly name: UnitName } & (
  | { readonly kind: "change"; decide(current: UnitRecord | undefined): UnitChange | undefined }
  | { readonly kind: "destroy" }
);

/** What became of one of several writes: its outcome, or what `changeUnit` or `destroyUnit` would have thrown. */
export type UnitWriteResult = { readonly outcome: WriteOutcome } | { readonly error: unknown };

/** What became of an acceptance. */
export interface AcceptOutcome extends WriteOutcome {
  /** Other machines that are frozen, by id: accepting one lifts the freeze of that one alone. */
  readonly stillFrozen: readonly MachineId[];
}

/** One change of a machine's dynamic metadata; an absent value removes the key. */
export interface MetadataChange {
  readonly machine: MachineId;
  readonly key: string;
  readonly value: string | undefined;
}

/** What the registry has of a machine at the moment of a decision about it. */
export interface MachineStanding {
  readonly isPresent: boolean;
  /** The mod revision of its record; 0 if it has none. */
  readonly recordRevision: Revision;
}

/**
 * The writes of an API server (docs/keys.md): each is one transaction that compares what it was decided from and is
 * decided again if that has changed. While the registry is not believed every write is refused with `unavailable`.
 */
export interface UnitRegistry {
  /**
   * Creates or changes a unit.
   * @param decide - Called with the present record (`undefined` if there is none), perhaps more than once; it returns the
   * change, or `undefined` for "leave it", or throws the refusal.
   */
  changeUnit(
    name: UnitName,
    decide: (current: UnitRecord | undefined) => UnitChange | undefined,
    signal: AbortSignal,
  ): Promise<WriteOutcome>;
  /** Destroys a unit, leaving the mark by which the leader unseats it. @throws {FleetError} `not-found`. */
  destroyUnit(name: UnitName, signal: AbortSignal): Promise<WriteOutcome>;
  /**
   * Changes and destroys many units, each as it would be alone: a failure of one is no other's. They share transactions as
   * far as those go, which is much less work for everybody than one after another. When etcd serves no more, or the signal
   * is aborted, those that are left have that as their error.
   * @param writes - None of the names twice.
   * @returns the results in the order of the writes.
   * @throws {FleetError} `unavailable` if etcd is not believed: then nothing is known of any of them.
   */
  writeUnits(writes: readonly UnitWrite[], signal: AbortSignal): Promise<readonly UnitWriteResult[]>;
  /** Applies all changes in one transaction. */
  changeMetadata(changes: readonly MetadataChange[], signal: AbortSignal): Promise<WriteOutcome>;
  /**
   * Changes what an operator has decided about a machine.
   * @param decide - Called with the present policy and what is known of the machine, perhaps more than once; returns the
   * new policy, or throws the refusal.
   * @throws {FleetError} `not-found` if nothing is known of the machine.
   */
  changeMachinePolicy(
    machine: MachineId,
    decide: (current: MachinePolicy, standing: MachineStanding) => MachinePolicy,
    signal: AbortSignal,
  ): Promise<WriteOutcome>;
  /** Forgets a machine that will not come back, with its seats. @throws {FleetError} `conflict` if it is present. */
  forgetMachine(machine: MachineId, signal: AbortSignal): Promise<WriteOutcome>;
  /** Lifts the freeze of one machine, or (without one) of all, by beginning a new epoch. */
  accept(machine: MachineId | undefined, signal: AbortSignal): Promise<AcceptOutcome>;
}
