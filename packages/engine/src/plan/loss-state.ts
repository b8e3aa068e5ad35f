import type { MachineId } from "@fleet/core";

/** How long things wait. */
export interface LossOptions {
  /** How long a machine that does not answer counts as present. */
  readonly ttlMs: number;
  /** How long moves wait after most machines were seen to vanish; 0 not at all, infinity until told. */
  readonly massLossHoldWatchedMs: number;
  /** The same if they were merely found to be away. */
  readonly massLossHoldFoundMs: number;
}

/** What there is to see now. */
export interface LossInput {
  /** A clock that only goes forward, in ms. */
  readonly nowMs: number;
  /** Machines with a record. */
  readonly known: ReadonlySet<MachineId>;
  readonly present: ReadonlySet<MachineId>;
  /** Those of the present that say they are leaving. */
  readonly leaving: ReadonlySet<MachineId>;
  /**
   * How many seats of absent machines could be moved: not those of global units, of units pinned to the machine, and of
   * units for which no other place was found.
   */
  readonly movableSeats: ReadonlyMap<MachineId, number>;
  /** Absent machines with units that would go if there were a place for them, while there is none. */
  readonly stuck?: ReadonlySet<MachineId>;
  /** Whether this process has watched since the last look without a gap. */
  readonly watched: boolean;
  /** Whether this look comes much later than it was asked for: what happened meanwhile may only just be coming to light. */
  readonly stalled?: boolean;
  /**
   * Of absent machines: what is different after each return, seen or not. A machine that is not named may have been there
   * between two looks unless that was `watched`.
   */
  readonly returns?: ReadonlyMap<MachineId, string>;
  /** Absent machines that an operator does not want to wait for, whatever else is lost. */
  readonly givenUp?: ReadonlySet<MachineId>;
  /** Somebody said not to wait for machines that were lost together. */
  readonly override?: boolean;
  readonly options: LossOptions;
}

/** A known machine that is away. */
export interface Absence {
  /**
   * `lost`: belongs to the open loss. `settled`: dealt with, or left as announced. `old`: was away without any movable
   * unit when it was found.
   */
  readonly kind: "lost" | "settled" | "old";
  readonly sinceMs: number;
  /** Whether it was seen to vanish. */
  readonly watched: boolean;
  /** Whether it had movable seats when it was noticed. */
  readonly hadSeats: boolean;
  /** Once `settled`: whether it was lost together with most machines, so that what it has left must not move all at once. */
  readonly braked?: boolean;
}

/** How long an absence has certainly lasted: what exclusive units depend on, and nothing else. */
export interface Away {
  /** It has not been there since. */
  readonly sinceMs: number;
  /** See {@link LossInput.returns}. */
  readonly returns: string | undefined;
}

/** The open loss. */
export interface Episode {
  /** How many machines there were when it opened. */
  readonly machines: number;
  /** Those that were given up without waiting whether more follow; they count though they be back. */
  readonly first: ReadonlySet<MachineId>;
  readonly lastLossMs: number;
  readonly lastReturnMs: number | undefined;
  /** Since when most machines are lost; absent while they are not. */
  readonly massSinceMs: number | undefined;
  /** Most machines were lost at some time: moves are paced. */
  readonly braked: boolean;
  /** Most machines are lost, and the hold has run out or was overridden. */
  readonly holdOver: boolean;
}

/** What {@link advanceLoss} remembers. Plain data. */
export interface LossState {
  readonly absent: ReadonlyMap<MachineId, Absence>;
  /** The same machines as in `absent`. */
  readonly away: ReadonlyMap<MachineId, Away>;
  readonly present: ReadonlySet<MachineId>;
  /** Machines last seen leaving. */
  readonly leaving: ReadonlySet<MachineId>;
  readonly episode: Episode | undefined;
}

/** What follows. */
export interface LossVerdict {
  readonly state: LossState;
  /** Machines that are away and whose units may move now. */
  readonly released: ReadonlySet<MachineId>;
  /** Those of the released whose units move with the brake on. */
  readonly braked: ReadonlySet<MachineId>;
  /** Machines whose units wait; without `untilMs`, for machines to return or somebody to decide. */
  readonly held: readonly {
    readonly machine: MachineId;
    readonly why: string;
    readonly untilMs?: number;
  }[];
  /** When to look again if nothing changes before. */
  readonly wakeAtMs?: number;
}

/** Fewer than this many machines are never most of a cluster. */
const massLossMachinesMin = 3;

/** More than this part of the machines is most of the cluster. */
const massLossPart = 0.55;

/** This part of the machines, and at least one, may be given up without waiting whether more follow. */
const atOncePart = 0.1;

/** Whether so many lost machines are most of the cluster. */
export function isMassLoss(episode: Episode, lost: number): boolean {
  return lost >= massLossMachinesMin && lost > episode.machines * massLossPart;
}

/** How many machines of the open loss are given up at once. */
export function firstAtOnce(episode: Episode): number {
  return Math.max(1, Math.floor(episode.machines * atOncePart));
}
