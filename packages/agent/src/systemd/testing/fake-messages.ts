import type { Readable } from "node:stream";
import type { Message, MessageLike } from "dbus-next";
import compat from "dbus-next/lib/marshall-compat.js";
import wire from "dbus-next/lib/message.js";
import messageType from "dbus-next/lib/message-type.js";

let serial = 0;

/** A message as it is sent. */
export function bytesOf(fields: object): Buffer {
  serial += 1;
  return compat.marshallMessage(new messageType.Message({ ...fields, serial } as MessageLike))[0];
}

/** Reads messages as the library does. */
export function readMessages(stream: Readable, onMessage: (message: Partial<Message>) => void): void {
  wire.unmarshalMessages(stream, (raw) => onMessage(compat.messageToJsFmt(raw) as Partial<Message>), {});
}
