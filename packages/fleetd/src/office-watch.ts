import type { Clock, Election } from "@fleet/core/ports";

/** An election that knows since when it leads. */
export interface WatchedElection extends Election {
  /** When the present term began, in ms since the Unix epoch; 0 while somebody else leads, or nobody. */
  readonly leadingSinceMs: number;
}

/** Watches an election, for metrics. */
export function watchOffice(election: Election, clock: Clock): WatchedElection {
  let sinceMs = 0;
  return {
    get isLeader() {
      return election.isLeader;
    },
    get isCandidate() {
      return election.isCandidate;
    },
    get leadingSinceMs() {
      return sinceMs;
    },
    subscribe: (listener) => election.subscribe(listener),
    run: (lead, signal) =>
      election.run(async (leadership) => {
        sinceMs = clock.now();
        try {
          await lead(leadership);
        } finally {
          sinceMs = 0;
        }
      }, signal),
  };
}
