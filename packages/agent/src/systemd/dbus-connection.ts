import { FleetError } from "@fleet/core";
import type { Clock, Logger } from "@fleet/core/ports";
import type { Message as MessageClass } from "dbus-next";
import createConnection from "dbus-next/lib/connection.js";
import messageType from "dbus-next/lib/message-type.js";
import { fromDbusError } from "./dbus-error.js";
import { dropUnwanted, type Interests } from "./early-filter.js";
import type { SocketTarget } from "./manager-address.js";
import { PendingCalls } from "./pending-calls.js";

/** A method to call. The signature is stated, never found out by introspection. */
export interface DbusCall {
  readonly destination: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly signature?: string;
  readonly body?: readonly unknown[];
  /** What the call is for, to read after "cannot". */
  readonly what: string;
  /** Overrides the connection's time limit. */
  readonly timeoutMs?: number;
}

/** A signal that arrived. */
export interface DbusSignal {
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly body: readonly unknown[];
}

/** What a connection needs from around it. */
export interface DbusConnectionOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly callTimeoutMs: number;
  /** Which signals are worth reading; default: all. */
  readonly interests?: Interests;
  /** Called for every signal, in order, before the promises of replies that came with it are resolved. */
  readonly onSignal: (signal: DbusSignal) => void;
}

/** The message types and the flag of the D-Bus specification that are used here. */
const messageKind = { call: 1, reply: 2, error: 3, signal: 4 } as const;
const noAutoStart = 2;

/** How often overdue calls are looked for, as a part of the time limit. */
const expiryChecksPerTimeout = 10;

/**
 * One connection to a D-Bus socket: calls with a time limit, and signals.
 * It uses dbus-next for the wire format only. The library's own bus object sends a Hello that a private socket does not
 * understand, never settles calls when the connection ends, and hides exceptions of listeners.
 */
export class DbusConnection {
  readonly #pending = new PendingCalls();
  readonly #wire: ReturnType<typeof createConnection>;
  readonly #options: DbusConnectionOptions;
  readonly #ended: Promise<string>;
  #end: (problem: string) => void = () => {};
  #problem: string | undefined;
  #serial = 0;
  #isGathering = false;

  constructor(target: SocketTarget, options: DbusConnectionOptions) {
    this.#options = options;
    this.#ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.#wire = createConnection({ busAddress: `unix:socket=${target.path}`, authMethods: ["EXTERNAL"] });
    this.#wire.on("error", (error: unknown) => this.#close(textOf(error)));
    this.#wire.on("end", () => this.#close("the connection was closed"));
    this.#wire.stream.on("close", () => this.#close("the connection was closed"));
    const { interests } = options;
    if (interests !== undefined) this.#wire.once("connect", () => dropUnwanted(this.#wire.stream, interests));
    this.#wire.on("message", (message: MessageClass) => this.#receive(message));
  }

  /** Resolves, with the reason for people, when the connection has ended. */
  get ended(): Promise<string> {
    return this.#ended;
  }

  /**
   * Calls a method and waits for the reply.
   * @param read - Takes in what the reply says, in its order among the signals.
   * @throws {FleetError} `deadline-exceeded` without a reply in time, `unavailable` when the connection ends, and what
   * `fromDbusError` says for an error reply.
   */
  async call<T>(call: DbusCall, read: (body: readonly unknown[]) => T, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    if (this.#problem !== undefined) {
      throw new FleetError("unavailable", `cannot ${call.what}: ${this.#problem}`);
    }
    this.#serial += 1;
    const { clock, callTimeoutMs } = this.#options;
    const message = new messageType.Message({
      serial: this.#serial,
      destination: call.destination,
      path: call.path,
      interface: call.interface,
      member: call.member,
      signature: call.signature ?? "",
      body: [...(call.body ?? [])],
      flags: noAutoStart as number,
    });
    const deadlineMs = clock.monotonic() + (call.timeoutMs ?? callTimeoutMs);
    const reply = this.#pending.add(this.#serial, { what: call.what, deadlineMs, read }, signal);
    this.#gather();
    try {
      this.#wire.message(message);
    } catch (error) {
      this.#pending.fail(
        this.#serial,
        new FleetError("unavailable", `cannot ${call.what}: ${textOf(error)}`),
      );
    }
    return reply;
  }

  /** Lets the calls of one moment leave together: a write for each would wake the bus and systemd as often. */
  #gather(): void {
    if (this.#isGathering) return;
    this.#isGathering = true;
    const { stream } = this.#wire;
    stream.cork();
    process.nextTick(() => {
      this.#isGathering = false;
      stream.uncork();
    });
  }

  /** Ends overdue calls until aborted; whoever opens a connection runs this beside it. */
  async watchDeadlines(signal: AbortSignal): Promise<void> {
    const { clock, callTimeoutMs } = this.#options;
    while (!signal.aborted) {
      await clock.sleep(callTimeoutMs / expiryChecksPerTimeout, signal);
      if (this.#pending.size > 0) this.#pending.expire(clock.monotonic());
    }
  }

  /** Ends the connection and every call on it. */
  close(): void {
    this.#close("the connection was closed");
  }

  #close(problem: string): void {
    if (this.#problem !== undefined) return;
    this.#problem = problem;
    this.#wire.stream.destroy();
    this.#pending.failAll(problem);
    this.#end(problem);
  }

  #receive(message: MessageClass): void {
    // An exception here would end up in the library, which answers it with an error reply and tells nobody.
    try {
      if (message.type === messageKind.signal) {
        this.#options.onSignal(message);
        return;
      }
      const serial = Number(message.replySerial);
      if (message.type === messageKind.reply) this.#pending.succeed(serial, message.body);
      if (message.type === messageKind.error) this.#fail(serial, message);
    } catch (err) {
      this.#options.logger.error("cannot handle a D-Bus message", { member: message.member, err });
    }
  }

  #fail(serial: number, message: MessageClass): void {
    const what = this.#pending.whatOf(serial);
    if (what === undefined) return;
    const text: unknown = message.body[0];
    const error = fromDbusError(message.errorName, typeof text === "string" ? text : "", what);
    this.#pending.fail(serial, error);
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
