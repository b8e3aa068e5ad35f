import { isFleetError } from "@fleet/core";
import type {
  Clock,
  ClusterReplica,
  Election,
  LeaderRegistry,
  Leadership,
  Logger,
  ReplicaChange,
} from "@fleet/core/ports";
import { type EngineCounters, newCounters } from "./counters.js";
import { LossWatch } from "./loss-watch.js";
import type { Considering } from "./standing-planner.js";
import { Term } from "./term.js";
import { Wakeup } from "./wakeup.js";

/** Times and limits of the engine. */
export interface EngineOptions {
  /** How long a machine that does not answer counts as present, in ms: `agent_ttl`. */
  readonly machineTtlMs: number;
  /** How long moves wait after most machines were seen to vanish. Default 60 s; 0: not at all; infinity: until told. */
  readonly massLossHoldWatchedMs?: number;
  /** The same if they were merely found to be away. Default 5 min. */
  readonly massLossHoldFoundMs?: number;
  /** Seats a machine may have that it has not reported on, before it gets more units of a mass loss. Default 8. */
  readonly unreportedMax?: number;
  /** How long all stop phases of an exclusive unit may take. Default 10 s. */
  readonly exclusiveStopMaxMs?: number;
  /** Whether a unit's `MemoryMax=` and `CPUQuota=` count as reserved, of what its `Reserve=` does not name. Default no. */
  readonly reserveFromUnit?: boolean;
  /** How long a unit file stays after nothing refers to it any more. Default 1 h. */
  readonly unitFileRetentionMs?: number;
}

/** What an engine works with. */
export interface EngineParts {
  readonly election: Election;
  readonly replica: ClusterReplica;
  readonly leaderRegistry: LeaderRegistry;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly options: EngineOptions;
}

/** The part of fleetd that decides where units go, while this daemon leads. */
export interface Engine extends Considering {
  /** Campaigns, and leads when elected, until aborted. */
  run(signal: AbortSignal): Promise<void>;
  /** A live view. */
  readonly counters: EngineCounters;
}

/** Makes an engine. It does nothing before it is run. */
export function createEngine(parts: EngineParts): Engine {
  const { election, replica, clock, logger, options } = parts;
  const counters = newCounters();
  const losses = new LossWatch(clock, {
    ttlMs: options.machineTtlMs,
    massLossHoldWatchedMs: options.massLossHoldWatchedMs ?? 60_000,
    massLossHoldFoundMs: options.massLossHoldFoundMs ?? 300_000,
  });
  const bell = new Wakeup(clock);
  let term: Term | undefined;

  const follow = (change: ReplicaChange): void => {
    if (change.resynced) losses.noteGap();
    if (change.resynced || change.machines.size > 0) losses.look(replica.view());
    const isNews = change.resynced || change.machines.size > 0 || change.units.size > 0;
    // A damaged record need not be of any unit or machine, and the status names it.
    if (isNews || change.quarantine === true) bell.ring();
  };

  /** Keeps the replica following, and watches for losses, while this daemon may come to lead. @returns what ends that. */
  const holdWhileCandidate = (): (() => void) => {
    let release: (() => void) | undefined;
    const look = (): void => {
      if (election.isCandidate && release === undefined) {
        losses.noteGap();
        release = replica.hold();
        // Others may have kept it following; then this is the moment from which vanishing is seen.
        if (replica.condition === "current") losses.look(replica.view());
      } else if (!election.isCandidate && release !== undefined) {
        release();
        release = undefined;
      }
    };
    const unsubscribe = [replica.subscribe(follow), election.subscribe(look)];
    look();
    return () => {
      for (const end of unsubscribe) end();
      release?.();
    };
  };

  const lead = async (leadership: Leadership): Promise<void> => {
    const release = replica.hold();
    counters.terms += 1;
    const log = logger.child({ term: leadership.term.n });
    log.info("leading");
    try {
      term = new Term({ ...parts, logger: log, leadership, losses, bell, counters });
      await term.serve();
      log.info("no longer leading");
    } catch (error) {
      const isLost = leadership.signal.aborted || isFleetError(error, "conflict");
      if (!isLost) throw error;
      log.info("office lost");
    } finally {
      term = undefined;
      losses.noteEndOfTerm();
      release();
    }
  };

  return {
    counters,
    consider: (view, names) => term?.consider(view, names),
    run: async (signal) => {
      if (signal.aborted) return;
      const end = holdWhileCandidate();
      try {
        await election.run(lead, signal);
      } finally {
        end();
      }
    },
  };
}
