import type { Socket } from "node:net";
import { PassThrough } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { dropUnwanted, type Interests } from "./early-filter.js";
import { bytesOf, readMessages } from "./testing/fake-messages.js";
import { variant } from "./testing/fake-peer.js";
import { unitPath } from "./unit-path.js";

const interests: Interests = {
  inUnit: (name) => name === "web.service",
  inService: (name) => name === "web.service",
};

function changed(name: string, ofInterface: string): Buffer {
  return bytesOf({
    type: 4,
    sender: ":1.0",
    path: unitPath(name),
    interface: "org.freedesktop.DBus.Properties",
    member: "PropertiesChanged",
    signature: "sa{sv}as",
    body: [`org.freedesktop.systemd1.${ofInterface}`, { SubState: variant("s", "running") }, []],
  });
}

const others = {
  signal: bytesOf({
    type: 4,
    path: "/org/freedesktop/systemd1",
    interface: "org.freedesktop.systemd1.Manager",
    member: "UnitNew",
    signature: "so",
    body: ["other.service", unitPath("other.service")],
  }),
  reply: bytesOf({ type: 2, replySerial: 7, signature: "s", body: ["x".repeat(10_000)] }),
  empty: bytesOf({ type: 2, replySerial: 8, signature: "", body: [] }),
};

/** What is read of some messages that arrive in pieces. */
async function read(messages: readonly Buffer[], pieceLength: number): Promise<readonly unknown[]> {
  const stream = new PassThrough();
  dropUnwanted(stream as unknown as Socket, interests);
  const seen: unknown[] = [];
  readMessages(stream, ({ path, member, replySerial, body = [] }) => {
    seen.push(member === undefined ? [replySerial, String(body[0]).length] : [path, member, body[0]]);
  });
  const whole = Buffer.concat(messages);
  for (let at = 0; at < whole.length; at += pieceLength) {
    stream.write(whole.subarray(at, at + pieceLength));
    if (pieceLength < 100) await turn();
  }
  stream.end();
  await turn();
  await turn();
  return seen;
}

test.each([1, 16, 64, 1_000, 1_000_000])(
  "only what is wanted is read, in pieces of %i bytes",
  async (pieceLength) => {
    const messages = [
      changed("web.service", "Unit"),
      changed("other.service", "Unit"),
      changed("web.service", "Socket"),
      ...(pieceLength < 100 ? [] : [others.reply]),
      others.signal,
      changed("other.service", "Service"),
      changed("web.service", "Service"),
      others.empty,
      changed("other.service", "Unit"),
    ];
    const path = unitPath("web.service");
    expect(await read(messages, pieceLength)).toEqual([
      [path, "PropertiesChanged", "org.freedesktop.systemd1.Unit"],
      ...(pieceLength < 100 ? [] : [[7, 10_000]]),
      ["/org/freedesktop/systemd1", "UnitNew", "other.service"],
      [path, "PropertiesChanged", "org.freedesktop.systemd1.Service"],
      [8, "undefined".length],
    ]);
  },
);

test("what is cut short is not read", async () => {
  const message = changed("web.service", "Unit");
  for (const length of [1, 15, 16, 17, message.length - 1]) {
    expect(await read([message.subarray(0, length)], 1_000)).toEqual([]);
  }
});
