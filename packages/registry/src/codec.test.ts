import { fc, test } from "@fast-check/vitest";
import { isFleetError, parseMachineId, parseUnitName } from "@fleet/core";
import { describe, expect } from "vitest";
import {
  decodeCandidate,
  decodeCluster,
  decodeDuplicate,
  decodeLeader,
  decodeMark,
  decodePolicy,
  decodePresence,
  decodeSeat,
  decodeState,
  decodeUnit,
  decodeUnitFile,
  encodeCluster,
  encodeDuplicate,
  encodeMark,
  encodeOffice,
  encodePolicy,
  encodePresence,
  encodeSeat,
  encodeState,
  encodeUnit,
} from "./codec.js";
import type { StoredValue } from "./store.js";

const machine = parseMachineId("m1");
const unit = parseUnitName("web.service");
const versions = { createRevision: 3, modRevision: 7 };
const contentId = "a".repeat(64);
const hash = "b".repeat(40);

function stored(value: string): StoredValue {
  return { key: "k", value, ...versions, version: 2, leaseId: "123" };
}

const cluster = { uuid: "u", epoch: "e", schemaVersion: 1, supersedes: ["d"] };
const record = {
  contentId,
  hash,
  desiredState: "launched",
  startCount: 2,
  instances: new Map([[parseMachineId("m2"), { isStopped: true, starts: 3 }]]),
  changedAtMs: 5,
  write: "w",
} as const;
const presence = {
  id: machine,
  primaryIp: "10.0.0.1",
  apiAddresses: ["http://10.0.0.1:49153"],
  metadata: { region: "eu" },
  capacity: { cpu: 2000, memory: 1073741824, gpu: 1 },
  version: "1.0.0",
  bootId: "boot",
  instance: "process",
  state: "frozen",
  reason: "why",
  freeze: { nonce: "n", remembers: "e" },
} as const;
const seat = {
  machine,
  unit,
  contentId,
  hash,
  target: "launched",
  startCount: 1,
  term: { n: 4, uuid: "t" },
  reason: "fewest units",
  replaces: parseMachineId("m2"),
} as const;
const state = {
  machine,
  unit,
  condition: "unloaded",
  loadState: "not-found",
  activeState: "inactive",
  subState: "dead",
  contentId: "",
  hash: "",
  started: { bootId: "boot", seatRevision: 3, contentId, startCount: 1 },
  jobResult: "done",
  reason: "why",
  drift: "stopped",
  sinceMs: 12,
  acked: 9,
} as const;

/** For each record: what is written, how it is read, and what must come out. */
const records = [
  ["cluster", encodeCluster(cluster), decodeCluster, cluster],
  [
    "unit",
    encodeUnit(record),
    (item: StoredValue) => decodeUnit(item, unit),
    { name: unit, ...record, ...versions },
  ],
  [
    "mark",
    encodeMark(6),
    (item: StoredValue) => decodeMark(item, unit),
    { name: unit, recordRevision: 6, ...versions },
  ],
  [
    "presence",
    encodePresence(presence),
    (item: StoredValue) => decodePresence(item, machine),
    { ...presence, leaseId: "123", ...versions },
  ],
  [
    "duplicate",
    encodeDuplicate({ primaryIp: "192.0.2.7", apiAddresses: ["http://192.0.2.7:80"], refusedAtMs: 12 }),
    decodeDuplicate,
    { primaryIp: "192.0.2.7", apiAddresses: ["http://192.0.2.7:80"], refusedAtMs: 12 },
  ],
  [
    "policy",
    encodePolicy({ cordoned: true, drained: true, handOversMax: 2, note: "disk", released: 4, accept: "n" }),
    decodePolicy,
    { cordoned: true, drained: true, handOversMax: 2, note: "disk", released: 4, accept: "n" },
  ],
  [
    "seat",
    encodeSeat(seat),
    (item: StoredValue) => decodeSeat(item, machine, unit),
    { ...seat, ...versions },
  ],
  [
    "state",
    encodeState(state),
    (item: StoredValue) => decodeState(item, machine, unit),
    { ...state, ...versions },
  ],
  [
    "leader",
    encodeOffice({ machine, instance: "i", term: 3 }),
    decodeLeader,
    { machine, instance: "i", term: 3, ...versions },
  ],
  [
    "leader that has voided late writes",
    encodeOffice({ machine, instance: "i", term: 3, voided: 2 }),
    decodeLeader,
    { machine, instance: "i", term: 3, voided: 2, ...versions },
  ],
  [
    "candidate",
    encodeOffice({ machine, instance: "i" }),
    decodeCandidate,
    { machine, instance: "i", ...versions },
  ],
] as const;

describe("records", () => {
  test.each(records)("%s reads as it was written", (_, value, decode, expected) => {
    expect(decode(stored(value))).toEqual(expected);
  });

  test.each(records)("%s: unknown fields are passed over", (_, value, decode, expected) => {
    const more = JSON.stringify({ ...JSON.parse(value), invented: { later: [1] } });
    expect(decode(stored(more))).toEqual(expected);
  });

  test.each(records)("%s: whatever is missing or of another kind is refused, by name", (_, value, decode) => {
    const fields = JSON.parse(value) as Record<string, unknown>;
    for (const name of Object.keys(fields)) {
      for (const bad of [{ nonsense: [] }, -1, null]) {
        const error = caught(() => decode(stored(JSON.stringify({ ...fields, [name]: bad }))));
        expect([name, isFleetError(error, "internal")]).toEqual([name, true]);
        expect(String(error)).toContain(name);
      }
    }
  });

  test.prop([fc.anything(), fc.nat({ max: records.length - 1 })])(
    "anything else is refused as such",
    (thing, index) => {
      const text = JSON.stringify(thing) ?? "undefined";
      const error = caught(() => records[index]?.[2](stored(text)));
      if (error !== undefined) expect(isFleetError(error, "internal")).toBe(true);
    },
  );

  test("a presence of an older fleetd states no capacity", () => {
    const { capacity: _, ...older } = presence;
    expect(decodePresence(stored(encodePresence(older)), machine)).not.toHaveProperty("capacity");
  });

  test.each([[{ cpu: -1 }], [{ cpu: 0.5 }], [{ cpu: "2" }], [[]]])(
    "a capacity of %j is refused",
    (capacity) => {
      const item = stored(encodePresence({ ...presence, capacity: capacity as never }));
      expect(() => decodePresence(item, machine)).toThrow("capacity");
    },
  );

  test("a presence without a lease is refused: it would never end", () => {
    const item = { ...stored(encodePresence(presence)), leaseId: undefined };
    expect(isFleetError(caught(() => decodePresence(item, machine)))).toBe(true);
  });

  test("a text that is not the one its key names is refused", () => {
    expect(isFleetError(caught(() => decodeUnitFile(stored("x"), contentId)))).toBe(true);
  });

  test("metadata may have any key", () => {
    const metadata = JSON.parse('{"__proto__":"x","constructor":"y"}') as Record<string, string>;
    const read = decodePresence(stored(encodePresence({ ...presence, metadata })), machine);
    expect(Object.entries(read.metadata)).toEqual([
      ["__proto__", "x"],
      ["constructor", "y"],
    ]);
  });
});

function caught(action: () => unknown): unknown {
  try {
    action();
    return undefined;
  } catch (error) {
    return error;
  }
}
