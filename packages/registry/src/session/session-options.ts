import type { DocumentStore, MachineDescription } from "@fleet/core/ports";
import type { RegistryOptions } from "../registry-options.js";

/** Who joins, and how. */
export interface MachineSessionOptions extends RegistryOptions {
  readonly description: MachineDescription;
  /** Random for each process; the same as the election's. */
  readonly instance: string;
  /**
   * How long a machine that does not answer counts as present, in whole seconds from 2 on. Default 10. Less moves its
   * units sooner when it is lost, and also when it only stuttered; more leaves them unserved for longer.
   */
  readonly ttlSeconds?: number;
  /** Survives a restart of fleetd and not a reboot: where the lease's id is kept. */
  readonly runtime: DocumentStore;
  /** Survives a reboot: where the registry is remembered. */
  readonly disk: DocumentStore;
  /**
   * Told after each answered renewal of the lease that this machine's presence hangs on: until when, on `boottime`, the
   * machine certainly counts as present.
   */
  readonly onRenewed?: (validUntilMs: number) => void;
}

/** The default of `ttlSeconds`. */
export const defaultTtlSeconds = 10;
