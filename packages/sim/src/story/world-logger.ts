import type { LogFields, Logger } from "@fleet/core/ports";
import type { EventLog } from "../event-log.js";
import type { SimProcess } from "../machine/sim-process.js";
import type { Scheduler } from "../time/scheduler.js";

const silent: Logger = {
  error: () => {},
  warn: () => {},
  info: () => {},
  debug: () => {},
  child: () => silent,
};

/** The log of a process: into the story if one is told, else nowhere. */
export function loggerInto(
  events: EventLog,
  scheduler: Scheduler,
  name: string,
  process: SimProcess,
): Logger {
  if (!events.keepsLines) return silent;
  const line =
    (level: string) =>
    (message: string, fields?: LogFields): void => {
      if (process.isDead) return;
      events.remark(scheduler.nowMs, name, `${level}: ${message}${describeFields(fields)}`);
    };
  const logger: Logger = {
    error: line("error"),
    warn: line("warn"),
    info: line("info"),
    debug: line("debug"),
    child: () => logger,
  };
  return logger;
}

function describeFields(fields: LogFields | undefined): string {
  if (fields === undefined) return "";
  const words = Object.entries(fields).map(([key, value]) => `${key}=${describeValue(value)}`);
  return ` (${words.join(", ")})`;
}

function describeValue(value: unknown): string {
  if (value instanceof Error) return value.message;
  return typeof value === "object" ? JSON.stringify(value) : String(value).replace(/0{20,}/g, "");
}
