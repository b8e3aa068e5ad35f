import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Message, Variant } from "dbus-next";
import compat from "dbus-next/lib/marshall-compat.js";
import wire from "dbus-next/lib/message.js";
import messageType from "dbus-next/lib/message-type.js";

/** A call that arrived. */
export interface PeerCall {
  readonly member: string;
  readonly path: string;
  readonly body: readonly unknown[];
}

/** What to answer: a reply, an error by its name, or nothing at all. */
export type PeerAnswer =
  | { readonly signature: string; readonly body: unknown[] }
  | { readonly error: string; readonly text: string }
  | "silence";

/** A value with its type, where the interface leaves it open. */
export function variant(signature: string, value: unknown): unknown {
  return new Variant(signature, value);
}

/** An empty reply. */
export const done: PeerAnswer = { signature: "", body: [] };

const managerPath = "/org/freedesktop/systemd1";
const managerInterface = "org.freedesktop.systemd1.Manager";

/** A listener on a unix socket that speaks D-Bus and says what a test wants, in the order the test wants. */
export class FakePeer {
  readonly path: string;
  readonly calls: PeerCall[] = [];
  /** Answers a call; replies may be preceded by signals. */
  answer: (call: PeerCall) => PeerAnswer = () => done;
  connections = 0;
  readonly #server: Server;
  readonly #directory: string;
  #socket: Socket | undefined;
  #serial = 0;

  private constructor(directory: string) {
    this.#directory = directory;
    this.path = join(directory, "socket");
    this.#server = createServer((socket) => this.#accept(socket));
  }

  static async listen(): Promise<FakePeer> {
    const peer = new FakePeer(await mkdtemp(join(tmpdir(), "fleet-peer-")));
    await new Promise<void>((resolve) => peer.#server.listen(peer.path, resolve));
    return peer;
  }

  async close(): Promise<void> {
    this.drop();
    await new Promise((resolve) => this.#server.close(resolve));
    await rm(this.#directory, { recursive: true, force: true });
  }

  /** Breaks the connection. */
  drop(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  /** Sends signals of the manager in one piece. */
  signals(...signals: readonly { member: string; signature: string; body: unknown[] }[]): void {
    const messages = signals.map((signal) => ({ path: managerPath, interface: managerInterface, ...signal }));
    this.#write(messages.map((message) => ({ ...message, type: 4 })));
  }

  /** Announces changed properties of a unit. */
  changed(
    path: string,
    properties: Readonly<Record<string, readonly [signature: string, value: unknown]>>,
  ): void {
    const dictionary = Object.fromEntries(
      Object.entries(properties).map(([key, [signature, value]]) => [key, new Variant(signature, value)]),
    );
    this.#write([
      {
        type: 4,
        path,
        interface: "org.freedesktop.DBus.Properties",
        member: "PropertiesChanged",
        signature: "sa{sv}as",
        body: ["org.freedesktop.systemd1.Unit", dictionary, []],
      },
    ]);
  }

  /** A signal of the bus daemon. */
  ownerChanged(before: string, after: string): void {
    this.#write([
      {
        type: 4,
        path: "/org/freedesktop/DBus",
        interface: "org.freedesktop.DBus",
        member: "NameOwnerChanged",
        signature: "sss",
        body: ["org.freedesktop.systemd1", before, after],
      },
    ]);
  }

  #accept(socket: Socket): void {
    this.connections += 1;
    this.#socket = socket;
    socket.on("error", () => {});
    let greeting = "";
    const greet = (chunk: Buffer) => {
      greeting += chunk.toString("latin1");
      if (greeting.includes("AUTH") && !greeting.includes("BEGIN")) socket.write("OK 0123456789abcdef\r\n");
      const begin = greeting.indexOf("BEGIN\r\n");
      if (begin < 0) return;
      socket.off("data", greet);
      socket.pause();
      const rest = greeting.slice(begin + "BEGIN\r\n".length);
      if (rest !== "") socket.unshift(Buffer.from(rest, "latin1"));
      wire.unmarshalMessages(socket, (raw) => this.#receive(compat.messageToJsFmt(raw) as Message), {});
    };
    socket.on("data", greet);
  }

  #receive(message: Message): void {
    const call = { member: message.member, path: message.path, body: message.body };
    this.calls.push(call);
    const answer = this.answer(call);
    if (answer === "silence") return;
    const reply = { replySerial: message.serial };
    if ("error" in answer) {
      this.#write([{ ...reply, type: 3, errorName: answer.error, signature: "s", body: [answer.text] }]);
    } else {
      this.#write([{ ...reply, type: 2, ...answer }]);
    }
  }

  #write(messages: readonly object[]): void {
    const buffers = messages.map((fields) => {
      this.#serial += 1;
      const message = new messageType.Message({ ...fields, serial: this.#serial });
      return compat.marshallMessage(message)[0];
    });
    this.#socket?.write(Buffer.concat(buffers));
  }
}
