/**
 * The parts of dbus-next below its `MessageBus`: authentication, framing and marshalling, and nothing that answers,
 * introspects or says Hello by itself. They are not the library's public interface; its version is pinned.
 */
declare module "dbus-next/lib/connection.js" {
  import type { EventEmitter } from "node:events";
  import type { Socket } from "node:net";
  import type { Message } from "dbus-next";

  interface Connection extends EventEmitter {
    readonly stream: Socket;
    message(message: Message): void;
  }
  export default function createConnection(options: {
    readonly busAddress: string;
    readonly authMethods: readonly string[];
  }): Connection;
}

declare module "dbus-next/lib/message-type.js" {
  import type { Message as MessageType } from "dbus-next";

  const messageType: { readonly Message: typeof MessageType };
  export default messageType;
}

declare module "dbus-next/lib/message.js" {
  import type { Readable } from "node:stream";

  const message: {
    unmarshalMessages(stream: Readable, onMessage: (message: object) => void, options: object): void;
  };
  export default message;
}

declare module "dbus-next/lib/marshall-compat.js" {
  import type { Message, MessageLike } from "dbus-next";

  const compat: {
    messageToJsFmt(message: object): MessageLike;
    marshallMessage(message: Message): [Buffer, unknown[]];
  };
  export default compat;
}
