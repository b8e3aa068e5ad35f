/** Time, as a port: nothing else may ask what time it is or wait for it to pass. */
export interface Clock {
  /** Wall clock, ms since the Unix epoch. For people; nothing is decided by comparing it with another machine's. */
  now(): number;
  /** Ms since some fixed point, never going back; stands still while the machine is suspended. For durations. */
  monotonic(): number;
  /** Like `monotonic`, but goes on while the machine is suspended. For promises to others: leases, deadlines. */
  boottime(): number;
  /** Waits. @throws the signal's reason as soon as it is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** Chance, as a port. */
export interface Random {
  /** A version 4 UUID. */
  uuid(): string;
  /** A number in [0, 1), for jitter. */
  fraction(): number;
}
