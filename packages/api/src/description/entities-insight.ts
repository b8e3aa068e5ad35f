import type { ExplainedPlaceV2, ExplanationV2, FoundFactV2, ObjectionV2, SuggestionV2 } from "@fleet/client";
import { desiredStates, placeRoles, unitStandings } from "@fleet/core";
import { always, type EntitySchema, entity, flag, listOf, number, oneOf, ref, text } from "./entity.js";

/** The entities of what the planner says when it is asked. */
export const entitiesInsight: readonly EntitySchema[] = [
  entity<ExplanationV2>("Explanation", "Why a unit is where it is, or nowhere.", {
    name: always(text()),
    revision: always(number("The state of the cluster that this is said of.")),
    standing: always(oneOf(unitStandings, "How the unit stands with the planner.")),
    summary: always(text("One sentence that the unit's name begins.")),
    desiredState: oneOf(desiredStates, "What is wanted of the unit, if its record says so."),
    places: listOf(ref("ExplainedPlace"), "By machine; of many the first hundred."),
    placesTotal: always(number("How many places there are in all.")),
    objections: listOf(ref("PlacementObjection"), "Why the other machines will not do, most machines first."),
    suggestions: listOf(ref("Suggestion"), "The smallest changes that would give it a place."),
    remarks: listOf(text(), "What else there is to say."),
  }),
  entity<ExplainedPlaceV2>("ExplainedPlace", "One machine that a unit has to do with.", {
    machineID: always(text()),
    present: always(flag("Whether that machine is there.")),
    role: always(oneOf(placeRoles, "What the unit has to do with it.")),
    reason: text("Why, for people."),
    seatRevision: number("When the seat came to be; left out without a seat."),
    target: oneOf(["launched", "loaded", "absent"], "What the seat asks of the machine."),
    state: { kind: "entity", name: "UnitMachineState" },
  }),
  entity<ObjectionV2>("PlacementObjection", "Machines that will not do for the same reason.", {
    check: text("The check that each of them fails first; left out for a sum of many reasons."),
    machines: always(number("How many there are.")),
    what: always(text("What is wrong with them, for people.")),
    examples: listOf(text(), "The first of the machines, by id."),
    wanted: text("What the unit demands."),
    found: listOf(ref("FoundFact"), "What is there instead, most machines first."),
    others: listOf(text(), "The other units it is about; the first of many."),
    pattern: text("The pattern that keeps units apart."),
    declaredBy: text("Whose pattern that is, if it is one other unit's."),
  }),
  entity<FoundFactV2>("FoundFact", "Something that is there where something else is wanted.", {
    what: always(text()),
    machines: always(number("On how many machines.")),
  }),
  entity<SuggestionV2>("Suggestion", "A change that would give the unit a place.", {
    what: always(text("What to do, in the imperative.")),
    command: text("A command that does it."),
    machineID: text("Where the unit would go then."),
    proof: always(oneOf(["planned", "tried"], "By a plan of the whole cluster, or by the checks alone.")),
  }),
];
