import type {
  ErrorBody,
  HoldV2,
  SeatV2,
  StatusV2,
  UnitPutAnswerV2,
  UnitPutV2,
  UnitStateV2,
  UnitStatusV2,
  UnitsWriteAnswerV2,
  UnitsWriteV2,
  UnitV2,
  UnitWriteAnswerV2,
  UnitWriteV2,
  WaitAnswerV2,
  WaitRequestV2,
} from "@fleet/client";
import { desiredStates } from "@fleet/core";
import {
  always,
  type EntitySchema,
  entity,
  type FieldsOf,
  flag,
  listOf,
  number,
  oneOf,
  ref,
  text,
} from "./entity.js";

const statusFields: FieldsOf<UnitStatusV2> = {
  name: always(text()),
  global: always(flag("Whether it runs on every machine that it fits.")),
  contentID: text("SHA-256 of the exact text."),
  hash: text("SHA-1 of the options, as in v1."),
  desiredState: oneOf(desiredStates, "What is wanted of the unit."),
  currentState: oneOf(desiredStates, "What became of it; left out for global units."),
  machineID: text("Where it was placed; left out for unscheduled and for global units."),
  problem: text("Why it cannot be placed, or why its record cannot be read."),
  seats: listOf(ref("Seat"), "The places it was given, by machine."),
};

const stateFields: FieldsOf<UnitStateV2> = {
  name: always(text()),
  machineID: always(text()),
  condition: always(oneOf(["loaded", "unloaded", "refused"], "What the machine has made of the unit.")),
  contentID: text("SHA-256 of the exact text that the machine has."),
  currentState: always(oneOf(desiredStates, "The unit's state on this machine.")),
  hash: text("SHA-1 of the options that the machine has."),
  jobResult: text("How the newest job ended, in systemd's word; `refused` if systemd refuses to start it."),
  reason: text("Why, for refused, for a load or start that failed, for a unit that failed, and for a drift."),
  drift: oneOf(
    ["stopped", "started", "masked"],
    "What somebody else than fleet did with it; left out if nobody did anything.",
  ),
  sinceMs: always(number("When it entered this state, in ms since the Unix epoch by the machine's clock.")),
  systemdLoadState: text(),
  systemdActiveState: text(),
  systemdSubState: text(),
};

const wishFields: FieldsOf<Omit<UnitPutV2, "machineID">> = {
  text: text("The unit file, kept byte for byte. Without it the unit must exist."),
  desiredState: oneOf(desiredStates, "Without it a new unit is inactive, and an old one stays what it is."),
  replace: flag("Lets the text take the place of one that says something else."),
  restart: flag("Starts a unit once more that is launched already."),
};

const writeFields: FieldsOf<UnitWriteV2> = {
  name: always(text("The unit's name, type included.")),
  ...wishFields,
  destroy: flag("Destroys the unit; goes alone with the name."),
};

const putFields: FieldsOf<UnitPutV2> = {
  ...wishFields,
  machineID: text(
    "Says what is wanted of a launched global unit on this machine alone: loaded, or launched.",
  ),
};

const daemonFields: FieldsOf<StatusV2> = {
  version: always(text()),
  available: always(flag("Whether the daemon can do its work.")),
  problem: text("Why it cannot, or why its copy of the cluster is not current."),
  machineID: text("The machine that the daemon runs on."),
  leader: text("The machine that decides where units go."),
  replica: always(
    oneOf(
      ["idle", "syncing", "current", "disconnected", "younger"],
      "The condition of its copy of the cluster.",
    ),
  ),
  revision: always(number("The revision of that copy.")),
  holds: listOf(ref("Hold"), "Losses that moves are held for, by machine."),
  paced: number("How many units wait so that no machine gets too many at once."),
  quarantine: ref("Quarantine"),
  refusals: number("How many units have no place, or not the one they want."),
  rollOuts: listOf(ref("RollOut"), "Global units that are given many places."),
};

/** The entities of v2, and the error body of both versions. */
export const entitiesV2: readonly EntitySchema[] = [
  entity<SeatV2>("Seat", "The place that a unit was given on a machine.", {
    machineID: always(text()),
    held: text("Why the unit is not moved, if that machine is lost and its units wait."),
    present: always(flag("Whether that machine is there.")),
    reason: text("Why there, for people."),
    target: always(oneOf(["launched", "loaded", "absent"], "What the machine is to make of it.")),
  }),
  entity<UnitStatusV2>("UnitStatus", "A unit without its text.", statusFields),
  entity<UnitStateV2>("UnitMachineState", "What a machine says of a unit.", stateFields),
  entity<UnitV2>("UnitDetails", "Everything about a unit.", {
    ...statusFields,
    revision: always(number("When it was last written; 0 if that cannot be read.")),
    states: listOf(ref("UnitMachineState"), "By machine."),
    text: text("Exactly what was submitted."),
  }),
  entity<UnitPutV2>("UnitPut", "What a unit is to become.", putFields),
  entity<UnitPutAnswerV2>("UnitPutAnswer", "What a write has done.", {
    name: always(text()),
    effect: always(oneOf(["created", "changed", "unchanged"], "Repeating a write changes nothing.")),
    revision: always(number("When it was written.")),
  }),
  entity<UnitsWriteV2>("UnitsWrite", "What several units are to become.", {
    units: { ...listOf(ref("UnitWrite"), "At most 1,000, none twice."), required: true },
  }),
  entity<UnitWriteV2>("UnitWrite", "What one of several units is to become.", writeFields),
  entity<UnitsWriteAnswerV2>("UnitsWriteAnswer", "What became of several units.", {
    revision: always(number("The newest revision of the writes; 0 if there was none.")),
    units: listOf(ref("UnitWriteAnswer"), "In the order of the request."),
  }),
  entity<UnitWriteAnswerV2>("UnitWriteAnswer", "What became of one of them: effect and revision, or error.", {
    name: always(text()),
    effect: oneOf(["created", "changed", "unchanged"], "Repeating a write changes nothing."),
    revision: number("When it was written."),
    error: ref("ErrorDetails"),
  }),
  entity<WaitRequestV2>("WaitRequest", "What is waited for.", {
    units: { ...listOf(text(), "Names; at least one."), required: true },
    after: number("The revision that is known; 0, or left out, for none."),
    timeout: number("Seconds to wait, at most 60; 30 unless given."),
  }),
  entity<WaitAnswerV2>("WaitAnswer", "What has changed.", {
    revision: always(number("To go on from.")),
    missing: listOf(text(), "Changed units that have no record now."),
    units: listOf(ref("UnitStatus"), "Changed units, in the order of the request."),
    states: listOf(ref("UnitMachineState"), "All states of changed units."),
  }),
  entity<HoldV2>("Hold", "A lost machine whose units are not moved yet.", {
    machineID: always(text()),
    reason: always(text("For people.")),
    untilMs: number("At the latest, in ms since the Unix epoch by the leader's clock."),
  }),
  entity<StatusV2>("Status", "What a daemon knows of itself.", daemonFields),
  entity<ErrorBody>("Error", "Every answer that is an error.", {
    error: { kind: "entity", name: "ErrorDetails", required: true },
  }),
  entity<ErrorBody["error"]>("ErrorDetails", "Why.", {
    code: always(number("The HTTP status.")),
    message: always(text()),
    hint: text("What to do about it; in v1 only while etcd is not believed."),
  }),
];
