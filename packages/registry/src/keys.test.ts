import { fc, test } from "@fast-check/vitest";
import { parseMachineId, parseUnitName, unitTypes } from "@fleet/core";
import { describe, expect } from "vitest";
import { Keys } from "./keys.js";

const machines = fc.stringMatching(/^[0-9A-Za-z_-]{1,64}$/).map(parseMachineId);
const units = fc
  .tuple(fc.stringMatching(/^[0-9A-Za-z:_.\\-]{1,40}$/), fc.constantFrom(...unitTypes))
  .map(([name, type]) => parseUnitName(`${name}.${type}`));
const contentIds = fc.stringMatching(/^[0-9a-f]{64}$/);
const metadataKeys = fc.stringMatching(/^[A-Za-z0-9_.-]{1,40}$/);
const counts = fc.nat();

describe("every key reads as what it was made from", () => {
  const keys = new Keys("/some/prefix");
  test.prop([machines, units, contentIds, metadataKeys, counts])("", (machine, unit, contentId, name, n) => {
    const pairs = [
      [keys.cluster, { kind: "cluster" }],
      [keys.unit(unit), { kind: "unit", unit }],
      [keys.mark(unit), { kind: "mark", unit }],
      [keys.unitFile(contentId), { kind: "unit-file", contentId }],
      [keys.presence(machine), { kind: "presence", machine }],
      [keys.machineRecord(machine), { kind: "machine-record", machine }],
      [keys.metadataValue(machine, name), { kind: "metadata", machine, name }],
      [keys.policy(machine), { kind: "policy", machine }],
      [keys.duplicate(machine), { kind: "duplicate", machine }],
      [keys.seat(machine, unit), { kind: "seat", machine, unit }],
      [keys.state(machine, unit), { kind: "state", machine, unit }],
      [keys.candidate(n), { kind: "candidate", slot: n }],
      [keys.leader, { kind: "leader" }],
      [keys.term(n), { kind: "term", n }],
      [keys.status, { kind: "status" }],
    ] as const;
    for (const [key, parsed] of pairs) expect(keys.parse(key)).toEqual(parsed);
    expect(new Set(pairs.map(([key]) => key)).size).toBe(pairs.length);
  });
});

describe("a key that no fleet writes is none", () => {
  const keys = new Keys();
  test.each([
    "",
    "/_coreos.com/fleet",
    "/_coreos.com/fleet/",
    "/_coreos.com/fleet/cluster/",
    "/_coreos.com/fleet/units/",
    "/_coreos.com/fleet/units/no-type",
    "/_coreos.com/fleet/units/a.service/b",
    "/_coreos.com/fleet/unit-files/abc",
    "/_coreos.com/fleet/machines/a b",
    "/_coreos.com/fleet/machine-metadata/m1/",
    "/_coreos.com/fleet/schedule/m1",
    "/_coreos.com/fleet/schedule/m1/a.service/x",
    "/_coreos.com/fleet/schedule//a.service",
    "/_coreos.com/fleet/engine/terms/x",
    "/_coreos.com/fleet/engine/terms",
    "/_coreos.com/fleet/constructor/x",
    "/other/units/a.service",
  ])("%s", (key) => {
    expect(keys.parse(key)).toBeUndefined();
  });
});
