import { type EngineStatus, parseMachineId, parseUnitName } from "@fleet/core";
import { expect, it } from "vitest";
import { decodeStatus, encodeStatus } from "./status-codec.js";

const unit = parseUnitName("web.service");
const machine = parseMachineId("m1");
const stored = (value: string) => ({
  key: "s",
  value,
  createRevision: 1,
  modRevision: 1,
  version: 1,
  leaseId: "1",
});

const full: EngineStatus = {
  machines: [{ machine, held: "lost", untilMs: 7 }],
  refusals: [{ unit, reason: "no machine" }],
  moreRefusals: 3,
  paced: 4,
  drains: [
    { machine, leaving: 1, waiting: 2, stuck: 3, staying: 4, problems: [{ unit, reason: "no machine" }] },
  ],
  rollOuts: [{ unit, left: 5 }],
  quarantine: { count: 2, records: [{ key: "units/x", problem: "is not JSON" }] },
  fencing: [{ machine, untilMs: 8 }],
};

it.each<EngineStatus>([full, { machines: [], refusals: [] }])(
  "the leader's status reads as it was written",
  (status) => {
    expect(decodeStatus(stored(encodeStatus(status)))).toEqual(status);
  },
);

it("what is wrong is refused, by name", () => {
  for (const name of Object.keys(full)) {
    expect(() => decodeStatus(stored(JSON.stringify({ ...full, [name]: "x" })))).toThrow(name);
  }
});
