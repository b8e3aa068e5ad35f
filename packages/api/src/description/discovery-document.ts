import { entitiesV1 } from "./entities-v1.js";
import { toProperties } from "./json-schema.js";

const text = { type: "string" };

const schemas = Object.fromEntries(
  entitiesV1.map(({ name, fields }) => [
    name,
    { id: name, type: "object", properties: toProperties(fields, (other) => other) },
  ]),
);

interface Method {
  readonly id: string;
  readonly description: string;
  readonly httpMethod: string;
  readonly path: string;
  readonly parameters?: Readonly<Record<string, object>>;
  readonly parameterOrder?: readonly string[];
  readonly request?: object;
  readonly response?: object;
}

function query(...names: readonly string[]): Pick<Method, "parameters"> {
  return { parameters: Object.fromEntries(names.map((name) => [name, { ...text, location: "query" }])) };
}

const unitName: Pick<Method, "parameters" | "parameterOrder"> = {
  parameters: { unitName: { ...text, location: "path", required: true } },
  parameterOrder: ["unitName"],
};

const page = (name: string): Pick<Method, "response"> => ({ response: { $ref: name } });

const resources: Readonly<Record<string, { readonly methods: Readonly<Record<string, Method>> }>> = {
  Machines: {
    methods: {
      List: {
        id: "fleet.Machine.List",
        description: "Lists a page of the machines that are present.",
        httpMethod: "GET",
        path: "machines",
        ...query("nextPageToken"),
        ...page("MachinePage"),
      },
    },
  },
  Units: {
    methods: {
      List: {
        id: "fleet.Unit.List",
        description: "Lists a page of all units.",
        httpMethod: "GET",
        path: "units",
        ...query("nextPageToken"),
        ...page("UnitPage"),
      },
      Get: {
        id: "fleet.Unit.Get",
        description: "Reads one unit.",
        httpMethod: "GET",
        path: "units/{unitName}",
        ...unitName,
        ...page("Unit"),
      },
      Delete: {
        id: "fleet.Unit.Delete",
        description: "Destroys a unit.",
        httpMethod: "DELETE",
        path: "units/{unitName}",
        ...unitName,
      },
      Set: {
        id: "fleet.Unit.Set",
        description: "Creates a unit, or changes its options or its desired state.",
        httpMethod: "PUT",
        path: "units/{unitName}",
        ...unitName,
        request: { $ref: "Unit" },
      },
    },
  },
  UnitState: {
    methods: {
      Get: {
        id: "fleet.UnitState.Get",
        description: "Reads what a machine says of one unit.",
        httpMethod: "GET",
        path: "state/{unitName}",
        ...unitName,
        ...page("UnitState"),
      },
      List: {
        id: "fleet.UnitState.List",
        description: "Lists a page of what the machines say of their units.",
        httpMethod: "GET",
        path: "state",
        ...query("nextPageToken", "unitName", "machineID"),
        ...page("UnitStatePage"),
      },
    },
  },
};

/**
 * The description of the v1 API in the format that the original served, for generated clients. They have to put the
 * server's address in the place of `$ENDPOINT`. The format has no words for `PATCH machines`, whose body is a list.
 */
export const discoveryDocument: string = `${JSON.stringify(
  {
    kind: "discovery#restDescription",
    discoveryVersion: "v1",
    id: "fleet:v1",
    name: "schema",
    version: "v1",
    title: "fleet API",
    description: "",
    documentationLink: "http://github.com/coreos/fleet",
    protocol: "rest",
    icons: { x16: "", x32: "" },
    labels: [],
    baseUrl: "$ENDPOINT/fleet/v1/",
    basePath: "/fleet/v1/",
    rootUrl: "$ENDPOINT/",
    servicePath: "fleet/v1/",
    batchPath: "batch",
    parameters: {},
    auth: {},
    schemas,
    resources,
  },
  undefined,
  2,
)}\n`;
