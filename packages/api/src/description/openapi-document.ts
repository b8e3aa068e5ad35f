import { entitiesInsight } from "./entities-insight.js";
import { entitiesMachines } from "./entities-machines.js";
import { entitiesV1 } from "./entities-v1.js";
import { entitiesV2 } from "./entities-v2.js";
import type { EntitySchema } from "./entity.js";
import { toJsonSchema, toProperties } from "./json-schema.js";
import { type Body, type Operation, operations, type Parameter } from "./operations.js";

let made: { readonly version: string; readonly text: string } | undefined;

/** The description of the whole API as OpenAPI 3.1, pretty-printed JSON. */
export function openApiDocument(version: string): string {
  if (made?.version !== version) made = { version, text: makeDocument(version) };
  return made.text;
}

function makeDocument(version: string): string {
  const paths: Record<string, Record<string, object>> = {};
  for (const operation of operations) {
    paths[operation.path] = {
      ...paths[operation.path],
      [operation.method.toLowerCase()]: toOperation(operation),
    };
  }
  const document = {
    openapi: "3.1.0",
    info: {
      title: "fleet API",
      version,
      description: [
        "v1 is the original fleet's API, also under /v1-alpha; v2 adds what v1 cannot say.",
        "Empty texts, lists and maps are left out. GET serves HEAD, too. Answers carry Fleet-Revision, and lists and",
        "units an ETag for If-None-Match.",
      ].join(" "),
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    paths,
    components: {
      schemas: Object.fromEntries(
        [...entitiesV1, ...entitiesV2, ...entitiesInsight, ...entitiesMachines].map((entity) => [
          entity.name,
          toObject(entity),
        ]),
      ),
      responses: {
        Error: { description: "Not done, and why.", content: contentOf({ entity: "Error" }) },
      },
    },
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

function toOperation({ id, about, parameters, request, answers }: Operation): object {
  return {
    operationId: id,
    summary: about,
    parameters: parameters.map(toParameter),
    ...(request === undefined ? {} : { requestBody: { required: true, content: contentOf(request) } }),
    responses: {
      ...Object.fromEntries(
        Object.entries(answers).map(([status, body]) => [
          status,
          body === undefined
            ? { description: "Done." }
            : { description: "The answer.", content: contentOf(body) },
        ]),
      ),
      default: { $ref: "#/components/responses/Error" },
    },
  };
}

function toParameter({ name, in: place, schema }: Parameter): object {
  const { description, ...rest } = toJsonSchema(schema, refOf) as { readonly description?: string };
  return { name, in: place, description, ...(place === "path" ? { required: true } : {}), schema: rest };
}

function contentOf(body: Body): object {
  if ("entity" in body) {
    return { "application/json": { schema: { $ref: refOf(body.entity) } } };
  }
  return { [body.mediaType]: { schema: body.schema } };
}

function toObject({ about, fields }: EntitySchema): object {
  const required = Object.keys(fields).filter((key) => fields[key]?.required === true);
  return {
    type: "object",
    description: about,
    ...(required.length === 0 ? {} : { required }),
    properties: toProperties(fields, refOf),
  };
}

function refOf(name: string): string {
  return `#/components/schemas/${name}`;
}
