import type { Logger } from "@fleet/core/ports";

/** A log that nobody reads. */
export const silentLogger: Logger = {
  error: () => {},
  warn: () => {},
  info: () => {},
  debug: () => {},
  child: () => silentLogger,
};
