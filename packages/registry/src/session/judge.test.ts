import { parseUnitName, type UnitName } from "@fleet/core";
import { describe, expect, test } from "vitest";
import { type FoundSeat, judgeRegistry, type Memory, type RegistryFacts } from "./judge.js";

const web = parseUnitName("web.service");
const db = parseUnitName("db.service");
const cluster = { uuid: "c1", epoch: "e1", schemaVersion: 1, supersedes: [] };

/** A machine that joined cluster c1 and acted on a seat of term 7. */
const memory: Memory = {
  cluster: { uuid: "c1", epoch: "e1" },
  history: "e1",
  highest: 1000,
  term: { n: 7, uuid: "t7" },
  seats: new Map([[web, { createRevision: 950, modRevision: 960 }]]),
  givenUp: new Map([[db, 980]]),
  freeze: undefined,
};

/** The registry as that machine left it, a little later. */
const facts: RegistryFacts = {
  revision: 1200,
  highest: 1000,
  cluster,
  termUuid: "t7",
  isKnown: true,
  seats: new Map([[web, { createRevision: 950, modRevision: 970, termN: 7 }]]),
  accept: undefined,
  distrust: undefined,
};

/** The registry, if it has a seat of the unit that was given up. */
function backAgain(seat: FoundSeat): ReadonlyMap<UnitName, FoundSeat> {
  return new Map([...facts.seats, [db, seat]]);
}

const none: Memory = {
  cluster: undefined,
  history: undefined,
  highest: 0,
  term: undefined,
  seats: new Map(),
  givenUp: new Map(),
  freeze: undefined,
};
const final = { nonce: "n1", reason: "restored once", isFinal: true };
const passing = { nonce: "n1", reason: "wrong etcd", isFinal: false };

describe("what is believed", () => {
  test.each<[string, Partial<Memory>, Partial<RegistryFacts>, string]>([
    ["the registry it left", {}, {}, "believed"],
    ["the very revision it left", {}, { revision: 1000 }, "believed"],
    ["a new machine finds a cluster", none, {}, "anew"],
    ["a new machine finds nothing", none, { cluster: undefined }, "create"],
    ["wiped", {}, { cluster: undefined, revision: 1 }, "holds no cluster"],
    [
      "wiped, and begun anew by another",
      {},
      { cluster: { ...cluster, uuid: "c2", epoch: "e9" } },
      "it is cluster c2",
    ],
    ["an unknown epoch", {}, { cluster: { ...cluster, epoch: "e9" } }, "does not continue e1"],
    [
      "an epoch that continues ours",
      {},
      { cluster: { ...cluster, epoch: "e2", supersedes: ["e1"] } },
      "anew",
    ],
    ["the epoch before ours", { cluster: { uuid: "c1", epoch: "e2" } }, {}, "does not continue e2"],
    ["an unreadable identity", {}, { cluster: "unreadable" }, "unreadable"],
    ["an unreadable identity, to a new machine", none, { cluster: "unreadable" }, "unreadable"],
    ["a layout of the future", none, { cluster: { ...cluster, schemaVersion: 2 } }, "layout 2"],
    ["restored to 900", {}, { revision: 900 }, "at revision 900"],
    ["restored to 900, overtaken to 5,000, term lost", {}, { revision: 5000, termUuid: undefined }, "term 7"],
    ["restored, overtaken, another term 7", {}, { revision: 5000, termUuid: "x7" }, "term 7"],
    ["restored within the term, seat lost", {}, { revision: 5000, seats: new Map() }, "seat of web.service"],
    [
      "restored within the term, seat made anew",
      {},
      { revision: 5000, seats: new Map([[web, { createRevision: 3000, modRevision: 3000, termN: 7 }]]) },
      "seat of web.service",
    ],
    [
      "restored between two changes of the seat",
      {},
      { revision: 5000, seats: new Map([[web, { createRevision: 950, modRevision: 955, termN: 7 }]]) },
      "seat of web.service",
    ],
    [
      "restored and overtaken, with a seat that was given up since",
      {},
      {
        revision: 5000,
        seats: new Map([...facts.seats, [db, { createRevision: 940, modRevision: 940, termN: 7 }]]),
      },
      "seat of db.service",
    ],
    [
      "the tombstone of a seat that was given up",
      {},
      { seats: new Map([...facts.seats, [db, { createRevision: 940, modRevision: 980, termN: 7 }]]) },
      "believed",
    ],
    [
      "restored within the term, overtaken, and the seat that was given up went on under a later term",
      {},
      { revision: 5000, seats: backAgain({ createRevision: 940, modRevision: 4000, termN: 8 }) },
      "seat of db.service",
    ],
    [
      "a tombstone that was spoiled, and put back by hand",
      {},
      { seats: backAgain({ createRevision: 940, modRevision: 1100, termN: 7 }) },
      "believed",
    ],
    [
      "a tombstone that is unreadable",
      {},
      { seats: backAgain({ createRevision: 940, modRevision: 1100, termN: undefined }) },
      "believed",
    ],
    [
      "a new seat of a later term where one was given up",
      {},
      { seats: backAgain({ createRevision: 990, modRevision: 1100, termN: 8 }) },
      "believed",
    ],
    [
      "a new seat where one was given up",
      {},
      { seats: new Map([...facts.seats, [db, { createRevision: 990, modRevision: 990, termN: 7 }]]) },
      "believed",
    ],
    ["forgotten", {}, { isKnown: false, seats: new Map() }, "believed"],
    ["somebody in this process noticed", {}, { distrust: "went back" }, "went back"],
    ["frozen for good stays so", { freeze: final }, {}, "restored once"],
    ["frozen for good, the operator accepts", { freeze: final }, { accept: "n1" }, "anew"],
    ["an acceptance of another freeze", { freeze: final }, { accept: "n0" }, "restored once"],
    ["accepted while there is nothing", { freeze: final }, { accept: "n1", cluster: undefined }, "create"],
    [
      "frozen for good, a new epoch continues ours",
      { freeze: final },
      { cluster: { ...cluster, epoch: "e2", supersedes: ["e1"] }, revision: 900 },
      "anew",
    ],
    ["the wrong etcd is still there", { freeze: passing }, { cluster: undefined }, "holds no cluster"],
    ["the right etcd is back", { freeze: passing }, { distrust: "went back" }, "believed"],
    ["a lost memory", { ...none, freeze: final }, {}, "restored once"],
    ["a lost memory, accepted", { ...none, freeze: final }, { accept: "n1" }, "anew"],
  ])("%s", (_, remembered, found, expected) => {
    const verdict = judgeRegistry({ ...memory, ...remembered }, { ...facts, ...found });
    if (verdict.kind === "frozen") expect(verdict.reason).toContain(expected);
    else expect(verdict.kind).toBe(expected);
  });

  test("a freeze ends by itself if only the identity was wrong, and otherwise never", () => {
    expect(judgeRegistry(memory, { ...facts, cluster: undefined })).toMatchObject({ isFinal: false });
    expect(judgeRegistry(memory, { ...facts, revision: 900 })).toMatchObject({ isFinal: true });
  });

  test("each acceptance begins a history of its own", () => {
    const accepted = judgeRegistry({ ...memory, freeze: final }, { ...facts, accept: "n1" });
    expect(accepted).toMatchObject({ kind: "anew", history: "e1+n1" });
    const continued = { ...facts, cluster: { ...cluster, epoch: "e2", supersedes: ["e1"] } };
    expect(judgeRegistry(memory, continued)).toMatchObject({ kind: "anew", history: "e2" });
  });
});
