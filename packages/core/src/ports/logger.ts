/** Named facts beside a constant message: `unit machine task reason revision durationMs err` are the shared names. */
export type LogFields = Readonly<Record<string, unknown>>;

/**
 * The log. `error`: someone must act. `warn`: we cope, worth knowing. `info`: the cluster changed. `debug`: the rest.
 * Messages are constants; what varies goes into the fields.
 */
export interface Logger {
  error(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
  /** A logger whose lines all carry these fields. Keys never come from outside data. */
  child(fields: LogFields): Logger;
}
