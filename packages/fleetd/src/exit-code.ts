/**
 * Why fleetd ended, for service managers and scripts. `examples/fleetd.service` keeps systemd from restarting it after
 * `usage`, `configuration` and `duplicateMachineId`, which a restart cannot cure.
 */
export const exitCode = {
  ok: 0,
  /** Something failed that should not have; the log says what. */
  failure: 1,
  /** The command line is wrong. */
  usage: 2,
  /** An option has a value that cannot be used, or the configuration file cannot be read. */
  configuration: 3,
  /** A directory fleetd needs cannot be created or written. */
  directory: 4,
  /** An address or socket path of `listen` cannot be listened on. */
  listen: 5,
  /** Another live machine is registered under this machine's id. */
  duplicateMachineId: 6,
  /** `--check` only: no etcd answers (a running fleetd keeps trying instead). */
  etcd: 7,
  /** `--check` only: systemd does not answer over D-Bus (a running fleetd keeps trying instead). */
  systemd: 8,
} as const;

/** One of the numbers of {@link exitCode}. */
export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

/** An error that ends fleetd with a particular exit code. */
export class FatalError extends Error {
  readonly exitCode: ExitCode;

  constructor(code: ExitCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = "FatalError";
    this.exitCode = code;
  }
}
