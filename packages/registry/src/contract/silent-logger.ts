import type { Logger } from "@fleet/core/ports";

/** A log that nobody reads; behaviour is what tests look at. */
export const silentLogger: Logger = {
  error: () => undefined,
  warn: () => undefined,
  info: () => undefined,
  debug: () => undefined,
  child: () => silentLogger,
};
