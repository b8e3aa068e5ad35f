/** What the client needs of a clock; `Clock` of `@fleet/core/ports` is one. */
export interface ClientClock {
  /** Ms since some fixed point, never going back. */
  monotonic(): number;
  /** Waits. @throws the signal's reason as soon as it is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}
