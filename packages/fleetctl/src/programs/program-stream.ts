import type { ChildProcess } from "node:child_process";
import { Duplex } from "node:stream";

/** The stdout and stdin of a program as one stream. */
export class ProgramStream extends Duplex {
  readonly #child: ChildProcess;

  /**
   * @param child - Started, with pipes for stdin and stdout.
   * @param status - What the program ends with, after all of its output.
   * @param failure - The stream's error for a status other than 0.
   */
  constructor(child: ChildProcess, status: Promise<number>, failure: (status: number) => Error) {
    super();
    this.#child = child;
    child.stdout?.on("data", (chunk: Buffer) => {
      if (!this.push(chunk)) child.stdout?.pause();
    });
    // The program's end says more than a pipe that broke because of it.
    child.stdin?.on("error", () => undefined);
    void status.then((number) => {
      if (number === 0) this.push(null);
      else this.destroy(failure(number));
    });
  }

  override _read(): void {
    this.#child.stdout?.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#child.stdin?.write(chunk, () => done());
  }

  override _final(done: () => void): void {
    this.#child.stdin?.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#child.kill();
    done(error);
  }
}
