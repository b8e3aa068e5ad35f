import { FleetError } from "@fleet/core";
import type { LogFields, Logger } from "@fleet/core/ports";
import { destination, type Logger as PinoLogger, pino } from "pino";

/** Makes an error readable in one JSON line: class, code, message, hint, the causes' messages, and the stack of a bug. */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const cause = error.cause === undefined ? {} : { cause: describeError(error.cause) };
  if (error instanceof FleetError) {
    const hint = error.hint === undefined ? {} : { hint: error.hint };
    return { type: error.name, code: error.code, message: error.message, ...hint, ...cause };
  }
  return { type: error.name, message: error.message, stack: error.stack, ...cause };
}

function wrap(target: PinoLogger): Logger {
  const write =
    (level: "error" | "warn" | "info" | "debug") =>
    (message: string, fields: LogFields = {}) => {
      target[level](fields, message);
    };
  return {
    error: write("error"),
    warn: write("warn"),
    info: write("info"),
    debug: write("debug"),
    child: (fields) => wrap(target.child(fields)),
  };
}

/**
 * The daemon's log: JSON lines on stdout, written before the call returns, so that nothing is lost in a crash.
 * @param verbosity - Above 0: debug lines too.
 */
export function createLogger(verbosity: number): Logger {
  return wrap(
    pino(
      {
        level: verbosity > 0 ? "debug" : "info",
        base: null,
        messageKey: "message",
        timestamp: pino.stdTimeFunctions.isoTime,
        formatters: { level: (label) => ({ level: label }) },
        serializers: { err: describeError },
      },
      destination({ dest: 1, sync: true }),
    ),
  );
}
