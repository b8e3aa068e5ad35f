import type { ValueSchema } from "./entity.js";
import { number, text } from "./entity.js";

/** A parameter of an operation. */
export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly schema: ValueSchema;
}

/** A body: an entity by name, a list of operations, or what is not JSON. */
export type Body = { readonly entity: string } | { readonly schema: object; readonly mediaType: string };

/** One method of one resource. */
export interface Operation {
  readonly method: "GET" | "PUT" | "POST" | "DELETE" | "PATCH";
  /** With `{name}` in the place of a unit's name. */
  readonly path: string;
  readonly id: string;
  readonly about: string;
  readonly parameters: readonly Parameter[];
  readonly request?: Body;
  /** By status; `undefined` is an answer without a body. Error answers stand beside them by themselves. */
  readonly answers: Readonly<Record<number, Body | undefined>>;
}

const query = (name: string, about: string): Parameter => ({ name, in: "query", schema: text(about) });
const count = (name: string, about: string): Parameter => ({ name, in: "query", schema: number(about) });
const unitName: Parameter = { name: "name", in: "path", schema: text("The unit's name, type included.") };
const pageToken = query("nextPageToken", "The token of the page before; none for the first page.");
const revisionMin: Parameter = {
  name: "Fleet-Min-Revision",
  in: "header",
  schema: number("The answer may not be older than this revision."),
};
const entity = (name: string): Body => ({ entity: name });
const json = (schema: object): Body => ({ schema, mediaType: "application/json" });

/** What `PATCH machines` takes; it has no entity, since the original's has none. */
const metadataOperations = json({
  type: "array",
  maxItems: 100,
  items: {
    type: "object",
    required: ["op", "path"],
    properties: {
      op: { type: "string", enum: ["add", "replace", "remove"] },
      path: { type: "string", description: "/<machine id>/metadata/<key>" },
      value: {
        description: "Not for remove.",
        anyOf: [
          { type: "string" },
          { type: "object", required: ["value"], properties: { value: { type: "string" } } },
        ],
      },
    },
  },
});

/** What a write on machines answers. */
const outcome = json({
  type: "object",
  required: ["effect", "revision"],
  properties: {
    effect: { type: "string", enum: ["created", "changed", "unchanged"] },
    revision: { type: "integer" },
  },
});

const machineId: Parameter = { name: "name", in: "path", schema: text("The machine's id.") };

const v1: readonly Operation[] = [
  {
    method: "GET",
    path: "/fleet/v1/units",
    id: "listUnits",
    about: "A page of all units, by name.",
    parameters: [pageToken, revisionMin],
    answers: { 200: entity("UnitPage") },
  },
  {
    method: "GET",
    path: "/fleet/v1/units/{name}",
    id: "getUnit",
    about: "One unit.",
    parameters: [unitName, revisionMin],
    answers: { 200: entity("Unit") },
  },
  {
    method: "PUT",
    path: "/fleet/v1/units/{name}",
    id: "setUnit",
    about: "Creates a unit, replaces its options (201), or changes its desired state (204).",
    parameters: [unitName],
    request: entity("Unit"),
    answers: { 201: undefined, 204: undefined },
  },
  {
    method: "DELETE",
    path: "/fleet/v1/units/{name}",
    id: "destroyUnit",
    about: "Destroys a unit; machines stop it afterwards.",
    parameters: [unitName],
    answers: { 204: undefined },
  },
  {
    method: "GET",
    path: "/fleet/v1/state",
    id: "listStates",
    about: "A page of what the machines say of their units.",
    parameters: [
      pageToken,
      query("unitName", "Only of this unit."),
      query("machineID", "Only on this machine."),
      revisionMin,
    ],
    answers: { 200: entity("UnitStatePage") },
  },
  {
    method: "GET",
    path: "/fleet/v1/state/{name}",
    id: "getState",
    about: "What one machine says of a unit: its own, else the first by id.",
    parameters: [unitName, query("machineID", "On this machine."), revisionMin],
    answers: { 200: entity("UnitState") },
  },
  {
    method: "GET",
    path: "/fleet/v1/machines",
    id: "listMachines",
    about: "A page of the machines that are present, by id.",
    parameters: [pageToken, revisionMin],
    answers: { 200: entity("MachinePage") },
  },
  {
    method: "PATCH",
    path: "/fleet/v1/machines",
    id: "changeMetadata",
    about: "Changes metadata of machines: all operations, or none.",
    parameters: [],
    request: metadataOperations,
    answers: { 204: undefined },
  },
  {
    method: "GET",
    path: "/fleet/v1/discovery",
    id: "getDiscovery",
    about: "The description of v1 in the original's format.",
    parameters: [],
    answers: { 200: json({ type: "object" }) },
  },
];

const v2: readonly Operation[] = [
  {
    method: "GET",
    path: "/fleet/v2/units/{name}",
    id: "getUnitDetails",
    about: "A unit with its exact text, its seats and its states.",
    parameters: [unitName, revisionMin],
    answers: { 200: entity("UnitDetails") },
  },
  {
    method: "PUT",
    path: "/fleet/v2/units/{name}",
    id: "putUnit",
    about: "Creates or changes a unit; 201 for new content.",
    parameters: [unitName],
    request: entity("UnitPut"),
    answers: { 200: entity("UnitPutAnswer"), 201: entity("UnitPutAnswer") },
  },
  {
    method: "POST",
    path: "/fleet/v2/units",
    id: "writeUnits",
    about:
      "Creates, changes and destroys many units, each as its own PUT or DELETE would, independently of the others. " +
      "One that failed has its error in its place, 413, 503 and 504 included; the answer is an error only if that is all there is to say.",
    parameters: [],
    request: entity("UnitsWrite"),
    answers: { 200: entity("UnitsWriteAnswer") },
  },
  {
    method: "GET",
    path: "/fleet/v2/units/{name}/explain",
    id: "explainUnit",
    about:
      "Why a unit is where it is, or nowhere: for each machine what speaks against it, and what would help.",
    parameters: [unitName, revisionMin],
    answers: { 200: entity("Explanation") },
  },
  {
    method: "POST",
    path: "/fleet/v2/plan",
    id: "foresee",
    about: "What would become of the cluster if a proposal were carried out; nothing is changed.",
    parameters: [revisionMin],
    request: entity("Proposal"),
    answers: { 200: entity("Forecast") },
  },
  {
    method: "POST",
    path: "/fleet/v2/plan/survive",
    id: "survive",
    about: "Which losses of machines leave units without a place; ask again until all of them are checked.",
    parameters: [revisionMin],
    request: entity("SurvivalQuestion"),
    answers: { 200: entity("SurvivalReport") },
  },
  {
    method: "GET",
    path: "/fleet/v2/wait",
    id: "waitForUnits",
    about:
      "Answers as soon as anything about the units has changed after a revision, or when the time is up.",
    parameters: [
      query("units", "Names, comma separated."),
      count("after", "The revision that is known; 0 for none."),
      count("timeout", "Seconds to wait, at most 60; 30 unless given."),
      revisionMin,
    ],
    answers: { 200: entity("WaitAnswer") },
  },
  {
    method: "POST",
    path: "/fleet/v2/wait",
    id: "waitForManyUnits",
    about:
      "The same as GET, for more units than fit into a line; the body may be as large as 100,000 names need.",
    parameters: [revisionMin],
    request: entity("WaitRequest"),
    answers: { 200: entity("WaitAnswer") },
  },
  {
    method: "DELETE",
    path: "/fleet/v2/machines/{name}",
    id: "forgetMachine",
    about: "Forgets a machine that will not come back, with its seats.",
    parameters: [machineId],
    answers: { 200: outcome },
  },
  {
    method: "GET",
    path: "/fleet/v2/machines",
    id: "listKnownMachines",
    about: "A page of the machines that are known, present or not, by id.",
    parameters: [pageToken, query("ids", "Only these, comma separated."), revisionMin],
    answers: { 200: entity("KnownMachinePage") },
  },
  {
    method: "PUT",
    path: "/fleet/v2/machines/{name}",
    id: "putMachine",
    about: "Cordons, drains or releases a machine, or ends that.",
    parameters: [machineId],
    request: entity("MachinePut"),
    answers: { 200: entity("MachineWrite") },
  },
  {
    method: "POST",
    path: "/fleet/v2/accept",
    id: "acceptRegistry",
    about: "Has all machines believe the present registry, which was restored or begun anew.",
    parameters: [],
    answers: { 200: entity("Accept") },
  },
  {
    method: "POST",
    path: "/fleet/v2/accept/{name}",
    id: "acceptRegistryOnMachine",
    about: "Has one machine believe the present registry.",
    parameters: [machineId],
    answers: { 200: entity("Accept") },
  },
  {
    method: "GET",
    path: "/fleet/v2/status",
    id: "getStatus",
    about: "What the daemon knows of itself; answered whatever state it is in.",
    parameters: [],
    answers: { 200: entity("Status") },
  },
  {
    method: "GET",
    path: "/fleet/v2/debug/state",
    id: "getDebugState",
    about: "The conditions of the daemon's parts, for people; its fields may change with any version.",
    parameters: [],
    answers: { 200: json({ type: "object" }) },
  },
  {
    method: "GET",
    path: "/fleet/v2/openapi.json",
    id: "getOpenApi",
    about: "This description.",
    parameters: [],
    answers: { 200: json({ type: "object" }) },
  },
];

/** Everything the API does. A test holds it against the routes. */
export const operations: readonly Operation[] = [
  ...v1,
  ...v2,
  {
    method: "GET",
    path: "/metrics",
    id: "getMetrics",
    about: "Metrics in Prometheus's text format.",
    parameters: [],
    answers: { 200: { schema: { type: "string" }, mediaType: "text/plain" } },
  },
];
