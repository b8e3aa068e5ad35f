import type { ContentId, MachineId, Revision, Seat, SeatTarget, UnitHash, UnitName } from "@fleet/core";

interface TaskBase {
  readonly unit: UnitName;
  /** Why, in a sentence for people. */
  readonly reason: string;
  /**
   * Names the group of units that are tied to each other by rules: the smallest unit name among its tasks. Tasks of
   * different components may be committed in any order.
   */
  readonly component: UnitName;
  /**
   * 0 removals; 1 marks, and units that follow nobody; 2 their followers, 3 the followers of those, and so on. A unit
   * comes later still if it takes the place of a rival that moves away.
   */
  readonly stage: number;
}

/** What a seat is to say. */
export interface SeatWish {
  readonly target: Exclude<SeatTarget, "absent">;
  readonly contentId: ContentId;
  readonly hash: UnitHash;
  readonly startCount: number;
  readonly unconfirmed?: true;
}

/** The record of another unit that a task relies on. */
export interface OtherRecord {
  readonly unit: UnitName;
  /** 0 if there is none. */
  readonly revision: Revision;
}

/** The presence of a machine that another unit, for which a task makes way, leaves because it is not there. */
export interface OtherPresence {
  readonly machine: MachineId;
  /** 0 if it is away. */
  readonly revision: Revision;
}

interface Arrival {
  readonly wish: SeatWish;
  /** The record this was decided from. */
  readonly unitRevision: Revision;
  /** The presence of the machine that gets the seat; 0 if it is away, which only an update allows. */
  readonly presenceRevision: Revision;
}

/** Gives a unit a seat where it has none. */
export interface SeatTask extends TaskBase, Arrival {
  readonly kind: "seat";
  readonly machine: MachineId;
  /** Units that must have seats on the same machine when this one is written. */
  readonly peers: readonly UnitName[];
  /** Of an exclusive unit: machines that have not let go of it, and that count as empty only while they are away. */
  readonly goneMachines?: readonly MachineId[];
  /** In a hand-over: the seat that this one succeeds, and that stays for the time being. */
  readonly predecessor?: Seat;
}

/** Makes a seat say what the unit's record says now. */
export interface UpdateTask extends TaskBase, Arrival {
  readonly kind: "update";
  readonly machine: MachineId;
  readonly seat: Seat;
}

/**
 * Why a unit loses a seat without getting another in the same change.
 * `inactive`: its record asks for it. `destroyed`: a mark says so. `illegal`: the rules forbid the machine, and there is no
 * other. `surplus`: another copy is the right one. `moved`: its successor has taken over.
 */
export type UnseatCause = "inactive" | "destroyed" | "illegal" | "surplus" | "moved";

/** What a tombstone says of the unit that is to go: what was there last. */
export interface TombstoneContent {
  readonly contentId: ContentId;
  readonly hash: UnitHash;
  readonly startCount: number;
  readonly unconfirmed?: true;
}

/** Writes a tombstone. */
export interface UnseatTask extends TaskBase {
  readonly kind: "unseat";
  readonly machine: MachineId;
  readonly cause: UnseatCause;
  readonly tombstone: TombstoneContent;
  /** The mod revision of the seat; 0 if the unit is there without one. */
  readonly seatRevision: Revision;
  /** The mod revision of the unit's record; 0 if there is none. */
  readonly unitRevision: Revision;
  /** The presence of the machine, 0 for none, if it may be the reason: unless the machine is there and follows its seats. */
  readonly presenceRevision?: Revision;
  /** The mark this relies on, for `destroyed`. */
  readonly markRevision?: Revision;
  /** For `illegal`: the records of those because of whom it goes. With other contents of theirs it might stay. */
  readonly others?: readonly OtherRecord[];
  /** And the machines that those come from, as far as they are not there. */
  readonly otherPresences?: readonly OtherPresence[];
  /** The copy that is the right one, for `surplus` and `moved`. */
  readonly rival?: { readonly machine: MachineId; readonly seatRevision: Revision };
}

/** Writes a tombstone on one machine and a seat on another in one change. */
export interface MoveTask extends TaskBase, Arrival {
  readonly kind: "move";
  /** Where the unit goes. */
  readonly machine: MachineId;
  readonly from: Seat;
  /** The presence of the machine it leaves; 0 if it is away. */
  readonly fromPresenceRevision: Revision;
  /** If what moves is the new copy of a hand-over: the machine that the unit is leaving. */
  readonly replaces?: MachineId;
  readonly peers: readonly UnitName[];
  /** The records of those because of whom it goes, if it is not the machine's absence. */
  readonly others?: readonly OtherRecord[];
  readonly otherPresences?: readonly OtherPresence[];
}

/** Deletes a tombstone that has been obeyed. */
export interface CollectTask extends TaskBase {
  readonly kind: "collect";
  readonly machine: MachineId;
  readonly seat: Seat;
  /** Whether it is deleted because the machine will not come back; then it must still be away. */
  readonly forgotten: boolean;
}

/** Deletes the mark of a destroyed unit that no machine is left to learn of. */
export interface ClearMarkTask extends TaskBase {
  readonly kind: "clear-mark";
  readonly markRevision: Revision;
}

/** One thing for the leader to write. It carries everything the write compares, so that nothing is left to choose. */
export type EngineTask = SeatTask | UpdateTask | UnseatTask | MoveTask | CollectTask | ClearMarkTask;
