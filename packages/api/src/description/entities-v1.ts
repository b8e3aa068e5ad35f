import type {
  MachinePageV1,
  MachineV1,
  UnitOptionV1,
  UnitPageV1,
  UnitStatePageV1,
  UnitStateV1,
  UnitV1,
} from "@fleet/client";
import { desiredStates } from "@fleet/core";
import { type EntitySchema, entity, listOf, oneOf, ref, text } from "./entity.js";

const nextPageToken = text("Asks for the next page; left out on the last one.");

/** The entities of v1, under the original's names. */
export const entitiesV1: readonly EntitySchema[] = [
  entity<MachineV1>("Machine", "A machine that is present.", {
    id: text(),
    primaryIP: text("Where units on it can be reached."),
    metadata: { kind: "map", of: text(), about: "What units may ask for." },
  }),
  entity<MachinePageV1>("MachinePage", "A page of machines, by id.", {
    machines: listOf(ref("Machine")),
    nextPageToken,
  }),
  entity<UnitOptionV1>("UnitOption", "One assignment of a unit file.", {
    section: text(),
    name: text(),
    value: text(),
  }),
  entity<UnitV1>("Unit", "A unit: what is wanted, and what became of it.", {
    name: text(),
    options: listOf(ref("UnitOption")),
    desiredState: oneOf(desiredStates, "What is wanted of the unit."),
    currentState: oneOf(desiredStates, "What became of it; left out for global units."),
    machineID: text("Where it was placed; left out for unscheduled and for global units."),
  }),
  entity<UnitPageV1>("UnitPage", "A page of units, by name.", { units: listOf(ref("Unit")), nextPageToken }),
  entity<UnitStateV1>("UnitState", "What systemd on one machine says of one unit.", {
    name: text(),
    hash: text("SHA-1 of the unit's options."),
    machineID: text(),
    systemdLoadState: text(),
    systemdActiveState: text(),
    systemdSubState: text(),
  }),
  entity<UnitStatePageV1>("UnitStatePage", "A page of states, by unit, then by machine.", {
    states: listOf(ref("UnitState")),
    nextPageToken,
  }),
];
