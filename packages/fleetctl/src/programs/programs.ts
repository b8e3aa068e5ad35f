import type { Duplex } from "node:stream";

/** How to run a program. */
export interface RunOptions {
  /** Whether the program reads what we would read; otherwise it reads nothing. */
  readonly readsInput: boolean;
  /** Variables that differ from ours. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** What became of a program whose output was read. */
export interface ProgramOutput {
  readonly status: number;
  readonly stdout: string;
}

/** Other programs of this machine, and our own stdin and stdout as they are: bytes, or a terminal. */
export interface Programs {
  /** Whether both our input and our output are a terminal. */
  isTerminal(): Promise<boolean>;
  /**
   * Runs a program on our own stdout and stderr, to its end. When the signal is aborted the program is asked to end.
   * @param argv - The program, looked for on the PATH, and its arguments.
   * @returns its exit status; 128 and the signal's number if one ended it, as in shells.
   * @throws {FleetError} `not-found` if there is no such program.
   */
  run(argv: readonly string[], options: RunOptions, signal: AbortSignal): Promise<number>;
  /**
   * Runs a program that reads nothing and whose stderr goes nowhere, and keeps what it prints. When the signal is aborted
   * the program is asked to end, and what it has printed by then is all.
   * @param bytesMax - What it prints beyond is dropped.
   * @returns its exit status, as of {@link run}, and its stdout.
   * @throws {FleetError} `not-found` if there is no such program.
   */
  read(argv: readonly string[], bytesMax: number, signal: AbortSignal): Promise<ProgramOutput>;
  /**
   * Starts a program and gives a stream over its stdin and stdout; its stderr is ours. Destroying it ends the program.
   * @param failure - What the stream fails with if the program ends with a status other than 0.
   * @throws {FleetError} `not-found` if there is no such program.
   */
  connect(argv: readonly string[], failure: (status: number) => Error): Promise<Duplex>;
  /**
   * Joins our stdin and stdout with a unix socket. The end of our input is handed on; the other side's end is the end.
   * @throws {FleetError} `unavailable` if nobody listens there, or the connection breaks.
   */
  joinSocket(path: string, signal: AbortSignal): Promise<void>;
}
