import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { parseMachineId } from "../machine/machine-id.js";
import { parseRequirements } from "../unit/requirements.js";
import { unitContentFromText } from "../unit/unit-content.js";
import { parseUnitName } from "../unit/unit-name.js";
import { type DesiredState, desiredStates } from "./desired-state.js";
import { nextWish, type UnitWish, type WishChange, wantedOn } from "./unit-instance.js";
import type { Unit } from "./unit-record.js";

const name = parseUnitName("glob.service");
const [m1, m2] = [parseMachineId("m1"), parseMachineId("m2")];

function unitOf(wish: UnitWish, text = "[X-Fleet]\nGlobal=true\n"): Unit {
  const content = unitContentFromText(text);
  const { contentId, hash } = content;
  const requirements = parseRequirements(content.options, name);
  return {
    name,
    contentId,
    hash,
    content,
    requirements,
    changedAtMs: 0,
    createRevision: 1,
    modRevision: 1,
    ...wish,
  };
}

/** What is wanted on both machines after some changes. */
function after(changes: readonly WishChange[], text?: string) {
  const wish = changes.reduce<UnitWish | undefined>(nextWish, undefined) as UnitWish;
  return [m1, m2].map((machine) => {
    const { desiredState, startCount } = wantedOn(unitOf(wish, text), machine);
    return `${desiredState} ${startCount}`;
  });
}

const launch: WishChange = { desiredState: "launched" };
const stop: WishChange = { desiredState: "loaded" };
const stopOne: WishChange = { desiredState: "loaded", machine: m1 };
const startOne: WishChange = { desiredState: "launched", machine: m1 };

describe("what is wanted of a global unit on each machine", () => {
  it.each<[string, readonly WishChange[], readonly string[]]>([
    ["started", [launch], ["launched 1", "launched 1"]],
    ["started twice", [launch, launch], ["launched 1", "launched 1"]],
    ["restarted", [launch, { ...launch, restart: true }], ["launched 2", "launched 2"]],
    ["stopped", [launch, stop], ["loaded 1", "loaded 1"]],
    ["stopped on one", [launch, stopOne], ["loaded 1", "launched 1"]],
    ["stopped twice on one", [launch, stopOne, stopOne], ["loaded 1", "launched 1"]],
    ["restarted on one", [launch, stopOne, startOne], ["launched 2", "launched 1"]],
    ["started on one where it runs", [launch, startOne], ["launched 1", "launched 1"]],
    ["started once more on one", [launch, { ...startOne, restart: true }], ["launched 2", "launched 1"]],
    ["stopped on one, started everywhere", [launch, stopOne, launch], ["launched 2", "launched 1"]],
    [
      "stopped on one, and something else changes",
      [launch, stopOne, { ...launch, keepsInstances: true }],
      ["loaded 1", "launched 1"],
    ],
    ["restarted on one, stopped", [launch, stopOne, startOne, stop], ["loaded 2", "loaded 2"]],
    ["and started again", [launch, stopOne, startOne, stop, launch], ["launched 3", "launched 3"]],
    [
      "stopped on one, restarted",
      [launch, stopOne, { ...launch, restart: true }],
      ["launched 2", "launched 2"],
    ],
  ])("%s", (_, changes, expected) => {
    expect(after(changes)).toEqual(expected);
  });

  it("is the same everywhere for a unit that is not global any more", () => {
    expect(after([launch, stopOne], "[Service]\nExecStart=/bin/true\n")).toEqual([
      "launched 1",
      "launched 1",
    ]);
  });

  const change: fc.Arbitrary<WishChange> = fc.oneof(
    fc.record({ desiredState: fc.constantFrom<DesiredState>(...desiredStates), restart: fc.boolean() }),
    fc.record({
      desiredState: fc.constantFrom<DesiredState>("loaded", "launched"),
      restart: fc.boolean(),
      machine: fc.constantFrom(m1, m2),
    }),
  );

  test.prop([fc.array(change, { maxLength: 20 })])("never starts twice under one count", (changes) => {
    let wish: UnitWish | undefined;
    const before = new Map([m1, m2].map((machine) => [machine, { desiredState: "inactive", startCount: 0 }]));
    for (const each of changes) {
      if (each.machine !== undefined && wish?.desiredState !== "launched") continue;
      if (each.restart === true && (wish?.desiredState !== "launched" || each.desiredState !== "launched"))
        continue;
      wish = nextWish(wish, each);
      for (const [machine, was] of before) {
        const is = wantedOn(unitOf(wish), machine);
        expect(is.startCount).toBeGreaterThanOrEqual(was.startCount);
        if (is.desiredState === "launched" && was.desiredState !== "launched") {
          expect(is.startCount).toBeGreaterThan(was.startCount);
        }
        before.set(machine, is);
      }
    }
  });
});
