import { FleetError } from "@fleet/core";

/** A call that waits for its reply. */
interface PendingCall {
  readonly what: string;
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
  readonly resolve: (body: readonly unknown[]) => void;
  readonly reject: (error: unknown) => void;
}

/** What a call is for (to read after "cannot"), how long it may take, and how its reply is read. */
export interface ExpectedReply<T> {
  readonly what: string;
  readonly deadlineMs: number;
  /** Runs as soon as the reply arrives: in its order among the signals, which the promise does not keep. */
  readonly read: (body: readonly unknown[]) => T;
}

/** The calls in flight on one connection: each ends exactly once, by its reply, its time limit or the connection's end. */
export class PendingCalls {
  readonly #calls = new Map<number, PendingCall>();
  /** One listener for each signal, however many calls share it. */
  readonly #watched = new Map<AbortSignal, { readonly serials: Set<number>; readonly abort: () => void }>();

  get size(): number {
    return this.#calls.size;
  }

  /** Waits for the reply to the message with this serial. */
  add<T>(serial: number, { what, deadlineMs, read }: ExpectedReply<T>, signal: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
      const accept = (body: readonly unknown[]) => {
        try {
          resolve(read(body));
        } catch (error) {
          reject(error);
        }
      };
      this.#calls.set(serial, { what, deadlineMs, signal, resolve: accept, reject });
      this.#watch(serial, signal);
    });
  }

  /** What the call was for, to read after "cannot"; `undefined` if nobody waits any more. */
  whatOf(serial: number): string | undefined {
    return this.#calls.get(serial)?.what;
  }

  succeed(serial: number, body: readonly unknown[]): void {
    this.#take(serial)?.resolve(body);
  }

  fail(serial: number, error: unknown): void {
    this.#take(serial)?.reject(error);
  }

  /** Ends every call whose time is up. */
  expire(nowMs: number): void {
    for (const [serial, call] of this.#calls) {
      if (call.deadlineMs > nowMs) continue;
      this.fail(serial, new FleetError("deadline-exceeded", `cannot ${call.what}: systemd does not answer`));
    }
  }

  /** Ends all calls: whether the last ones were carried out is not known. */
  failAll(problem: string): void {
    for (const [serial, call] of this.#calls) {
      this.fail(serial, new FleetError("unavailable", `cannot ${call.what}: ${problem}`));
    }
  }

  #watch(serial: number, signal: AbortSignal): void {
    const watched = this.#watched.get(signal);
    if (watched !== undefined) {
      watched.serials.add(serial);
      return;
    }
    const serials = new Set([serial]);
    const abort = () => {
      for (const aborted of serials) this.fail(aborted, signal.reason);
    };
    this.#watched.set(signal, { serials, abort });
    signal.addEventListener("abort", abort, { once: true });
  }

  #take(serial: number): PendingCall | undefined {
    const call = this.#calls.get(serial);
    if (call === undefined) return undefined;
    this.#calls.delete(serial);
    const watched = this.#watched.get(call.signal);
    watched?.serials.delete(serial);
    if (watched?.serials.size === 0) {
      this.#watched.delete(call.signal);
      call.signal.removeEventListener("abort", watched.abort);
    }
    return call;
  }
}
