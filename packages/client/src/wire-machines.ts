/** The entities of v2 that are about machines. As everywhere, empty texts and lists are left out. */

/** A machine that the cluster knows, present or not. */
export interface MachineV2 {
  readonly machineID: string;
  /**
   * `up`, `leaving` (its systemd is stopping), `frozen` (it does not believe etcd), `away`, or `unreadable`: what it says
   * of itself cannot be read.
   */
  readonly condition: string;
  /** Why, for `leaving` and `frozen`. */
  readonly reason?: string;
  readonly primaryIP?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  /** fleetd's version there. */
  readonly version?: string;
  /** It gets no new units. */
  readonly cordoned: boolean;
  /** Its units are being moved to other machines. */
  readonly drained: boolean;
  /** How many units are handed over at a time; left out for the engine's own limit. */
  readonly handOversMax?: number;
  /** Why, in the words of whoever did it. */
  readonly note?: string;
  /** An operator does not want to wait for it: its units are moved though others were lost, too. */
  readonly released: boolean;
  /** How many units have their place there. */
  readonly seats: number;
  /** What it has for units that reserve something, as in `Reserve=`; left out while it is away. */
  readonly capacity?: Readonly<Record<string, string>>;
  /** What the units that have their place there reserve of it by their `Reserve=`. */
  readonly reserved?: Readonly<Record<string, string>>;
  /** How far that is; only of drained machines. */
  readonly drain?: DrainV2;
  /** Why its units wait, if it is lost and they do. */
  readonly held?: string;
  /** Until when at most, in ms since the Unix epoch by the leader's clock; left out if no time ends it. */
  readonly heldUntilMs?: number;
  /** Where another machine with this id was refused of late; left out if none was. */
  readonly duplicate?: string;
}

/** A unit that does not get away from a drained machine. */
export interface StuckUnitV2 {
  readonly name: string;
  readonly reason: string;
}

/** How far a machine is drained. */
export interface DrainV2 {
  /** Units that are still to leave; 0 when it is done. */
  readonly left: number;
  /** Units that it has been told to let go of, and has not said that it has. */
  readonly stopping: number;
  /** Units that belong to the machine and stay: global ones, those pinned to it. */
  readonly staying: number;
  /** Of those left, how many are being started elsewhere; left out, with what follows, until the leader has said so. */
  readonly leaving?: number;
  /** Of those left, how many wait for their turn. */
  readonly waiting?: number;
  /** Of those left, how many will not get away by themselves. */
  readonly stuck?: number;
  /** Some of those, and why. */
  readonly problems?: readonly StuckUnitV2[];
}

/** Records in etcd that nobody can read, and that are left as they are. */
export interface QuarantineV2 {
  readonly count: number;
  /** The first of them. */
  readonly records?: readonly { readonly key: string; readonly problem: string }[];
}

/** A global unit that is given its places. */
export interface RollOutV2 {
  readonly name: string;
  /** How many places are decided and not given yet. */
  readonly left: number;
}

/** `GET /fleet/v2/machines`: all machines that are known, by id; with `ids=a,b` only those. */
export interface MachinePageV2 {
  readonly machines?: readonly MachineV2[];
  readonly nextPageToken?: string;
}

/** The body of `PUT /fleet/v2/machines/<id>`: what is left out stays as it is. */
export interface MachinePutV2 {
  readonly cordoned?: boolean;
  /** A machine that is drained is cordoned, too. */
  readonly drained?: boolean;
  /** 0 for the engine's own limit. */
  readonly handOversMax?: number;
  /** Empty to take it away. */
  readonly note?: string;
  /** Does not wait for a lost machine to return; only for one that is away, and until it is back. */
  readonly released?: boolean;
}

/** The answer to `POST /fleet/v2/accept`. */
export interface AcceptV2 extends MachineWriteV2 {
  /** Other machines that do not believe etcd. */
  readonly stillFrozen?: readonly string[];
}

/** The answer to a write on machines. */
export interface MachineWriteV2 {
  readonly effect: string;
  readonly revision: number;
}
