import type {
  AcceptV2,
  DrainV2,
  MachinePageV2,
  MachinePutV2,
  MachineV2,
  MachineWriteV2,
  QuarantineV2,
  RollOutV2,
  StuckUnitV2,
} from "@fleet/client";
import { always, type EntitySchema, entity, flag, listOf, number, oneOf, ref, text } from "./entity.js";

const conditions = ["up", "leaving", "frozen", "away", "unreadable"];

/** The entities of v2 that are about machines. */
export const entitiesMachines: readonly EntitySchema[] = [
  entity<MachineV2>("KnownMachine", "A machine that the cluster knows, present or not.", {
    machineID: always(text()),
    condition: always(oneOf(conditions, "Whether it is there, and follows what it is told.")),
    reason: text("Why, for leaving and frozen."),
    primaryIP: text(),
    metadata: { kind: "map", of: text() },
    version: text("fleetd's version there."),
    cordoned: always(flag("It gets no new units.")),
    drained: always(flag("Its units are being moved to other machines.")),
    handOversMax: number("How many units are handed over at a time; left out for the engine's own limit."),
    note: text("Why, in the words of whoever did it."),
    released: always(flag("Its units are moved though others were lost, too.")),
    seats: always(number("How many units have their place there.")),
    capacity: {
      kind: "map",
      of: text(),
      about: "What it has for units that reserve something, as in Reserve.",
    },
    reserved: { kind: "map", of: text(), about: "What the units that have their place there reserve of it." },
    drain: ref("Drain"),
    held: text("Why its units wait, if it is lost and they do."),
    heldUntilMs: number("Until when at most, in ms since the Unix epoch by the leader's clock."),
    duplicate: text("Where another machine with this id was refused of late; left out if none was."),
  }),
  entity<DrainV2>("Drain", "How far a machine is drained.", {
    left: always(number("Units that are still to leave; 0 when it is done.")),
    stopping: always(number("Units that it was told to let go of, and has not said that it has.")),
    staying: always(number("Units that belong to the machine: global ones, those pinned to it.")),
    leaving: number("Of those left, how many are being started elsewhere."),
    waiting: number("Of those left, how many wait for their turn."),
    stuck: number("Of those left, how many will not get away by themselves."),
    problems: listOf(ref("StuckUnit"), "Some of those."),
  }),
  entity<QuarantineV2>("Quarantine", "Records in etcd that nobody can read, and that are left as they are.", {
    count: always(number("How many there are.")),
    records: listOf(ref("QuarantinedRecord"), "The first of them."),
  }),
  entity<{ readonly key: string; readonly problem: string }>("QuarantinedRecord", "One of them.", {
    key: always(text()),
    problem: always(text("For people.")),
  }),
  entity<RollOutV2>("RollOut", "A global unit that is given its places.", {
    name: always(text()),
    left: always(number("How many places are decided and not given yet.")),
  }),
  entity<StuckUnitV2>("StuckUnit", "A unit that does not get away from a drained machine.", {
    name: always(text()),
    reason: always(text("For people.")),
  }),
  entity<MachinePageV2>("KnownMachinePage", "A page of known machines.", {
    machines: listOf(ref("KnownMachine"), "By id."),
    nextPageToken: text("Left out on the last page."),
  }),
  entity<MachinePutV2>("MachinePut", "What is wanted of a machine; what is left out stays as it is.", {
    cordoned: flag("No new units."),
    drained: flag("Its units are to go elsewhere; it is then cordoned, too."),
    handOversMax: number("How many units are handed over at a time; 0 for the engine's own limit."),
    note: text("Why, for people; empty to take it away."),
    released: flag("Do not wait for this lost machine; only while it is away."),
  }),
  entity<AcceptV2>("Accept", "What an acceptance has done.", {
    effect: always(oneOf(["created", "changed", "unchanged"], "Repeating it changes nothing.")),
    revision: always(number("When it was written.")),
    stillFrozen: listOf(text(), "Other machines that do not believe etcd."),
  }),
  entity<MachineWriteV2>("MachineWrite", "What a write on a machine has done.", {
    effect: always(oneOf(["created", "changed", "unchanged"], "Repeating a write changes nothing.")),
    revision: always(number("When it was written.")),
  }),
];
