import type { ValueSchema } from "./entity.js";

/**
 * Writes how a value looks as JSON Schema, of which both descriptions of the API use the same small part.
 * @param refOf - How the description points at an entity.
 */
export function toJsonSchema(value: ValueSchema, refOf: (name: string) => string): object {
  const about = value.about === undefined ? {} : { description: value.about };
  switch (value.kind) {
    case "text":
      return { type: "string", ...about, ...(value.words === undefined ? {} : { enum: value.words }) };
    case "number":
      return { type: "integer", ...about };
    case "flag":
      return { type: "boolean", ...about };
    case "list":
      return { type: "array", ...about, items: toJsonSchema(value.of, refOf) };
    case "map":
      return { type: "object", ...about, additionalProperties: toJsonSchema(value.of, refOf) };
    case "entity":
      return { $ref: refOf(value.name) };
  }
}

/** The same for all fields of an entity. */
export function toProperties(
  fields: Readonly<Record<string, ValueSchema>>,
  refOf: (name: string) => string,
): Readonly<Record<string, object>> {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, toJsonSchema(value, refOf)]));
}
