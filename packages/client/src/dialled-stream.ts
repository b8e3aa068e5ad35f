import { Duplex } from "node:stream";

/**
 * A stream that is there at once and carries what a stream carries that is still being opened. It has what agents ask of
 * connections and streams do not have; nothing of that matters to one that is closed with its client.
 */
export class DialledStream extends Duplex {
  #inner: Duplex | undefined;
  readonly #opening: Promise<Duplex>;

  constructor(dial: () => Promise<Duplex>) {
    super();
    this.#opening = dial();
    this.#opening.then(
      (inner) => this.#adopt(inner),
      (error: Error) => this.destroy(error),
    );
  }

  #adopt(inner: Duplex): void {
    this.#inner = inner;
    // It may be too late: nobody waits for it any more.
    if (this.destroyed) inner.destroy();
    inner.on("data", (chunk: Buffer) => {
      if (!this.push(chunk)) inner.pause();
    });
    inner.on("end", () => this.push(null));
    inner.on("error", (error) => this.destroy(error));
    // After a proper end, what has been read already may still be on its way to our reader.
    inner.on("close", () => {
      if (!inner.readableEnded) this.destroy();
    });
  }

  override _read(): void {
    this.#inner?.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#opening.then((inner) => inner.write(chunk, done), done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#opening.then((inner) => inner.end(() => done()), done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#inner?.destroy();
    done(error);
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setTimeout(): this {
    return this;
  }
}
