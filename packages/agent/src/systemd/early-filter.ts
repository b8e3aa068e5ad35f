import type { Socket } from "node:net";
import { propertiesInterface, serviceInterface, unitInterface } from "./manager-calls.js";
import { unitNameOfPath } from "./unit-path.js";

/** Who wants to hear of changed properties. */
export interface Interests {
  /** Whether changes of a unit itself are of use. */
  inUnit(name: string): boolean;
  /** Whether changes of what a service's process does are of use. */
  inService(name: string): boolean;
}

/** The parts of the D-Bus specification that are needed to tell signals apart without reading them. */
const headerLength = 16;
const signalType = 4;
const littleEndian = 0x6c;
const fieldCode = { path: 1, interface: 2 } as const;
/** How the values of header fields are laid out, by the character of their type. */
const typeCode = { object: 0x6f, string: 0x73, signature: 0x67 } as const;

/**
 * Drops messages that nobody wants before the library reads them, which costs far more than this. With each unit that systemd
 * loads it announces a dozen changes of its own units, and most of what it says of ours is known from other signals.
 * The library asks the stream for a header and then for the rest; it is given those of the next message that is wanted.
 * To be called when the connection has been greeted, and before the library reads a message.
 */
export function dropUnwanted(stream: Socket, interests: Interests): void {
  const read = stream.read.bind(stream) as (size?: number) => Buffer | null;
  let header: Buffer | null = null;
  let rest: Buffer | null = null;
  stream.read = () => {
    if (rest !== null) {
      const whole = rest;
      rest = null;
      return whole;
    }
    for (;;) {
      header ??= read(headerLength);
      // What is cut short is the end of the connection.
      if (header === null || header.length < headerLength) return null;
      const length = lengthOfRest(header);
      const whole = read(length);
      if (whole === null || whole.length < length) return null;
      const complete = header;
      header = null;
      if (!isWanted(complete, whole, interests)) continue;
      rest = whole;
      return complete;
    }
  };
}

function lengthOfRest(header: Buffer): number {
  const isLittle = header[0] === littleEndian;
  const bodyLength = isLittle ? header.readUInt32LE(4) : header.readUInt32BE(4);
  return padded(fieldsLength(header)) + bodyLength;
}

function fieldsLength(header: Buffer): number {
  return header[0] === littleEndian ? header.readUInt32LE(12) : header.readUInt32BE(12);
}

function padded(length: number): number {
  return (length + 7) & ~7;
}

/** Whatever is not certainly a signal of no use is wanted. */
function isWanted(header: Buffer, rest: Buffer, interests: Interests): boolean {
  if (header[1] !== signalType || header[0] !== littleEndian) return true;
  const length = fieldsLength(header);
  const { path, interface: ofInterface } = readFields(rest, length);
  // Nothing else is announced this way that is listened to; the manager's own signals have another interface.
  if (ofInterface !== propertiesInterface || path === undefined) return true;
  const name = unitNameOfPath(path);
  if (name === undefined) return false;
  const changed = textAt(rest, padded(length));
  if (changed === unitInterface) return interests.inUnit(name);
  return changed === serviceInterface && interests.inService(name);
}

/** Reads path and interface from a message's header fields. What is laid out otherwise than a bus does is left out. */
function readFields(rest: Buffer, length: number): { readonly path?: string; readonly interface?: string } {
  const found: { path?: string; interface?: string } = {};
  let at = 0;
  while (at < length) {
    at = padded(at);
    const code = rest[at];
    const type = rest[at + 2];
    at += headerOfField;
    if (type === typeCode.signature) {
      at += (rest[at] ?? 0) + 2;
    } else if (type === typeCode.object || type === typeCode.string) {
      if (code === fieldCode.path) found.path = textAt(rest, at);
      if (code === fieldCode.interface) found.interface = textAt(rest, at);
      at += lengthAt(rest, at) + 5;
    } else {
      at += 4;
    }
  }
  return found;
}

/** The code, and the signature of one character with its length and its end; what follows is aligned to 4 then. */
const headerOfField = 4;

function lengthAt(buffer: Buffer, at: number): number {
  return at + 4 <= buffer.length ? buffer.readUInt32LE(at) : 0;
}

function textAt(buffer: Buffer, at: number): string {
  return buffer.toString("latin1", at + 4, at + 4 + lengthAt(buffer, at));
}
