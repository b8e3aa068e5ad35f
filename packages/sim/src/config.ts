/** How large a simulated world is, and how patient. */
export interface SimConfig {
  readonly machines: number;
  readonly units: number;
  /** How long users and faults are at work, in virtual minutes. */
  readonly minutes: number;
  readonly ttlSeconds: number;
  readonly holdWatchedMs: number;
  readonly holdFoundMs: number;
  /** How long unit files stay that nothing refers to: short, so that the collector has something to do. */
  readonly retentionMs: number;
  /** How long all stop phases of an exclusive unit may take: short, so that worlds do not only wait. */
  readonly exclusiveStopMaxMs: number;
  /** Whether operators also drain machines, and release lost ones. */
  readonly drains: boolean;
}

/** The default world: small enough that a seed takes little, and large enough for every rule to matter. */
export const defaultConfig: SimConfig = {
  machines: 5,
  units: 10,
  minutes: 2,
  ttlSeconds: 10,
  holdWatchedMs: 30_000,
  holdFoundMs: 90_000,
  retentionMs: 20_000,
  exclusiveStopMaxMs: 4_000,
  drains: true,
};
