import { FleetError } from "@fleet/core";
import type { Clock, LogFields, Logger } from "@fleet/core/ports";

/** A log of JSON lines as fleetd's, without the library. Debug lines are left out. */
export function createLineLogger(write: (line: string) => void, clock: Clock): Logger {
  const logger = (own: LogFields): Logger => {
    const at =
      (level: string) =>
      (message: string, fields: LogFields = {}) => {
        const time = new Date(clock.now()).toISOString();
        write(`${JSON.stringify({ level, time, ...own, ...readable(fields), message })}\n`);
      };
    return {
      error: at("error"),
      warn: at("warn"),
      info: at("info"),
      debug: () => {},
      child: (fields) => logger({ ...own, ...fields }),
    };
  };
  return logger({});
}

function readable(fields: LogFields): LogFields {
  const { err } = fields;
  if (!(err instanceof Error)) return fields;
  const code = err instanceof FleetError ? { code: err.code } : {};
  return { ...fields, err: { type: err.name, ...code, message: err.message } };
}
