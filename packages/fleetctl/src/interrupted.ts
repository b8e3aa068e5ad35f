/** Somebody pressed Ctrl-C, or asked the process to end. */
export class Interrupted extends Error {
  /** The exit code that shells expect of a process that this signal ended. */
  readonly exitCode: number;

  constructor(signal: "SIGINT" | "SIGTERM") {
    super(`interrupted by ${signal}`);
    this.name = "Interrupted";
    this.exitCode = signal === "SIGINT" ? 130 : 143;
  }
}
