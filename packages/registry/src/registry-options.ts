import type { Clock, Logger, Random } from "@fleet/core/ports";
import type { Keys } from "./keys.js";
import type { Trust } from "./trust.js";

/** What every part of the registry stands on. One process has one `Trust`, so that whoever notices tells all. */
export interface RegistryOptions {
  readonly trust: Trust;
  readonly keys: Keys;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}
