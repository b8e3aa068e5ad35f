import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { Readable, Writable } from "node:stream";

/** A request as fuzzing makes it: nothing of it need be well-formed. */
export interface DirectRequest {
  readonly method: string;
  readonly target: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What the listener made of it. */
export interface DirectAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

/**
 * Hands a request to a listener without bytes and sockets in between, so that millions of them can be tried. What only
 * the HTTP parser of Node would refuse gets through, too.
 */
export function askDirectly(listener: RequestListener, request: DirectRequest): Promise<DirectAnswer> {
  return new Promise((resolve, reject) => {
    const outgoing = new DirectResponse((answer) => resolve(answer));
    outgoing.once("error", reject);
    listener(incomingOf(request), outgoing as unknown as ServerResponse);
  });
}

function incomingOf({ method, target, headers, body }: DirectRequest): IncomingMessage {
  const source = Readable.from(body === "" ? [] : [Buffer.from(body)]);
  const distinct = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]]));
  return Object.assign(source, {
    complete: true,
    headers,
    headersDistinct: distinct,
    method,
    url: target,
  }) as unknown as IncomingMessage;
}

class DirectResponse extends Writable {
  statusCode = 200;
  readonly #headers = new Map<string, string>();
  readonly #chunks: Buffer[] = [];
  readonly #done: (answer: DirectAnswer) => void;

  constructor(done: (answer: DirectAnswer) => void) {
    super({ emitClose: true });
    this.#done = done;
  }

  get headersSent(): boolean {
    return this.writableEnded;
  }

  setHeader(name: string, value: number | string): this {
    if (/[^\t\x20-\x7e\x80-\xff]/.test(String(value))) throw new TypeError(`header ${name} cannot be sent`);
    this.#headers.set(name.toLowerCase(), String(value));
    return this;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#chunks.push(chunk);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#done({ status: this.statusCode, headers: this.#headers, body: Buffer.concat(this.#chunks) });
    done(error);
  }
}
