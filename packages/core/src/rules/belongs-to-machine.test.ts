import { describe, expect, it } from "vitest";
import { parseMachineId } from "../machine/machine-id.js";
import { type Belonging, belongsToMachine } from "./belongs-to-machine.js";

const here = parseMachineId("m1");
const none: Belonging = { global: false, machineId: undefined, machineOf: [] };
const units: Readonly<Record<string, Belonging>> = {
  plain: none,
  everywhere: { ...none, global: true },
  pinned: { ...none, machineId: "m1" },
  elsewhere: { ...none, machineId: "m2" },
  "follows-plain": { ...none, machineOf: ["plain"] },
  "follows-global": { ...none, machineOf: ["everywhere"] },
  "follows-pinned": { ...none, machineOf: ["plain", "pinned"] },
  "follows-follower": { ...none, machineOf: ["follows-pinned"] },
  "follows-nobody": { ...none, machineOf: ["no-such-unit"] },
  ring: { ...none, machineOf: ["ring-2"] },
  "ring-2": { ...none, machineOf: ["ring"] },
};

describe("belongsToMachine", () => {
  it.each([
    ["plain", false],
    ["everywhere", true],
    ["pinned", true],
    ["elsewhere", false],
    ["follows-plain", false],
    ["follows-global", false],
    ["follows-pinned", true],
    ["follows-follower", true],
    ["follows-nobody", false],
    ["ring", false],
    ["unreadable", true],
  ])("%s: %s", (name, expected) => {
    expect(belongsToMachine(units[name], here, (peer) => units[peer])).toBe(expected);
  });
});
