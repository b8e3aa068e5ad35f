import type { Duplex } from "node:stream";
import { FleetError } from "@fleet/core";
import type { Output } from "../command.js";
import type { ProgramOutput, Programs, RunOptions } from "../programs/programs.js";

/** Pretends to run programs: prints `<words>` and ends with the status that was set for the program or its host. */
export class FakePrograms implements Programs {
  /** Whether stdin and stdout are a terminal. */
  hasTerminal = false;
  /** What was run, in order. */
  readonly runs: (readonly string[])[] = [];
  /** How each was run. */
  readonly options: RunOptions[] = [];
  /** Exit statuses by a word of the command line; default 0. */
  readonly statuses = new Map<string, number>();
  /** Programs that are not installed. */
  readonly missing = new Set<string>();
  #stdout: Output = { write: () => undefined };

  /** Prints there from now on. */
  on(stdout: Output): this {
    this.#stdout = stdout;
    return this;
  }

  async isTerminal(): Promise<boolean> {
    return this.hasTerminal;
  }

  async run(argv: readonly string[], options: RunOptions, signal: AbortSignal): Promise<number> {
    signal.throwIfAborted();
    const [program = ""] = argv;
    if (this.missing.has(program)) throw new FleetError("not-found", `cannot run ${program}: not installed`);
    this.runs.push(argv);
    this.options.push(options);
    this.#stdout.write(`<${argv.join(" ")}>\n`);
    return this.#statusOf(argv);
  }

  /** What programs print that are read, by a word of the command line, whose part it may be; `undefined`: they never end. */
  readonly outputs = new Map<string, string | undefined>();

  async read(argv: readonly string[], bytesMax: number, signal: AbortSignal): Promise<ProgramOutput> {
    signal.throwIfAborted();
    const [program = ""] = argv;
    if (this.missing.has(program)) throw new FleetError("not-found", `cannot run ${program}: not installed`);
    this.runs.push(argv);
    const line = argv.join(" ");
    for (const [word, output] of this.outputs) {
      if (!line.includes(word)) continue;
      if (output !== undefined) return { status: this.#statusOf(argv), stdout: output.slice(0, bytesMax) };
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
      return { status: 143, stdout: "" };
    }
    return { status: this.#statusOf(argv), stdout: "" };
  }

  #statusOf(argv: readonly string[]): number {
    for (const [word, status] of this.statuses) if (argv.includes(word)) return status;
    return 0;
  }

  async connect(): Promise<Duplex> {
    throw new Error("the harness has its own way to the server");
  }

  async joinSocket(path: string): Promise<void> {
    this.#stdout.write(`<joined ${path}>\n`);
  }
}
