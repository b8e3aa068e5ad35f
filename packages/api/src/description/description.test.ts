import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { routes } from "../routes.js";
import { type ApiHarness, createApiHarness } from "../testing/api-harness.js";

interface Schema {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly $ref?: string;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema;
}

interface Operation {
  readonly responses: Readonly<
    Record<string, { readonly content?: Record<string, { readonly schema: Schema }> }>
  >;
}

interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

let api: ApiHarness;
let document: Document;
beforeEach(async () => {
  api = createApiHarness({ tokenLimit: 1 });
  document = JSON.parse((await api.ask("GET", "/fleet/v2/openapi.json")).body);
});
afterEach(() => api.client.close());

/** Says where a value is not what the schema describes. */
function* breaches(schema: Schema, value: unknown, place: string): Generator<string> {
  if (schema.$ref !== undefined) {
    const target = document.components.schemas[schema.$ref.replace("#/components/schemas/", "")];
    if (target === undefined) yield `${place}: ${schema.$ref} leads nowhere`;
    else yield* breaches(target, value, place);
    return;
  }
  const actual = Array.isArray(value) ? "array" : Number.isInteger(value) ? "integer" : typeof value;
  if (actual !== schema.type) yield `${place}: ${actual} instead of ${schema.type}`;
  if (schema.enum?.includes(value as string) === false) yield `${place}: ${value} is none of ${schema.enum}`;
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries())
      yield* breaches(schema.items ?? {}, item, `${place}[${index}]`);
  } else if (typeof value === "object" && value !== null) {
    for (const key of schema.required ?? []) if (!(key in value)) yield `${place}: no ${key}`;
    for (const [key, item] of Object.entries(value)) {
      const field = schema.properties?.[key] ?? schema.additionalProperties;
      if (field === undefined) yield `${place}: ${key} is not described`;
      else yield* breaches(field, item, `${place}.${key}`);
    }
  }
}

function* refsIn(value: unknown): Generator<string> {
  if (typeof value !== "object" || value === null) return;
  for (const [key, item] of Object.entries(value)) {
    if (key === "$ref") yield String(item);
    else yield* refsIn(item);
  }
}

describe("the OpenAPI description", () => {
  it("has every method of every resource, and no other", () => {
    const described = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const served = routes
      .filter(({ path }) => !path.startsWith("/v1-alpha"))
      .flatMap(({ path, methods }) =>
        Object.keys(methods).map(
          (method) => `${method === "*" ? "GET" : method} ${path.replace(":name", "{name}")}`,
        ),
      );
    expect(described.sort()).toEqual(served.sort());
  });

  it("points at nothing that is not there", () => {
    for (const ref of refsIn(document)) {
      const [root, ...steps] = ref.split("/");
      const target = steps.reduce<unknown>((at, step) => (at as Record<string, unknown>)?.[step], document);
      expect([ref, root, target === undefined]).toEqual([ref, "#", false]);
    }
  });

  it("says what the answers really are", async () => {
    const { cluster } = api;
    cluster.addMachine("m1", "127.0.0.1", { zone: "eu" });
    cluster.addMachine("m2", "127.0.0.2");
    const put = (name: string, text: string) =>
      api.ask("PUT", `/fleet/v2/units/${name}`, JSON.stringify({ text, desiredState: "launched" }));
    const written = await put("a.service", "[Service]\nExecStart=/bin/true\n");
    await put("b.service", "[X-Fleet]\nGlobal=true\n");
    cluster.seat("m1", "a.service", "launched");
    cluster.report("m1", "a.service", { isStarted: true, jobResult: "done", reason: "because" });
    const [machine] = cluster.machines.keys();
    const [unit] = cluster.units.keys();
    if (machine === undefined || unit === undefined) throw new Error("nothing there");
    cluster.sayStatus({
      machines: [{ machine, held: "lost", untilMs: 1 }],
      refusals: [{ unit, reason: "no machine" }],
      moreRefusals: 1,
      paced: 1,
      drains: [
        { machine, leaving: 0, waiting: 0, stuck: 1, staying: 0, problems: [{ unit, reason: "stuck" }] },
      ],
      rollOuts: [{ unit, left: 1 }],
      quarantine: { count: 1, records: [{ key: "x", problem: "is not JSON" }] },
    });
    const check = (path: string, status: string, body: string): void => {
      const schema = document.paths[path]?.get?.responses[status]?.content?.["application/json"]?.schema;
      expect([path, [...breaches(schema ?? {}, JSON.parse(body), path)]]).toEqual([path, []]);
    };
    for (const path of Object.keys(document.paths)) {
      if (document.paths[path]?.get === undefined || /metrics|discovery|openapi|debug/.test(path)) continue;
      const query = path.endsWith("/wait") ? "?units=a.service,b.service,no.service&timeout=0" : "";
      const answer = await api.ask("GET", path.replace("{name}", "a.service") + query);
      expect([path, answer.status]).toEqual([path, 200]);
      check(path, "200", answer.body);
    }
    const error = (await api.ask("GET", "/fleet/v2/units/no.service")).body;
    expect([...breaches({ $ref: "#/components/schemas/Error" }, JSON.parse(error), "error")]).toEqual([]);
    const effect = { $ref: "#/components/schemas/UnitPutAnswer" };
    expect([...breaches(effect, JSON.parse(written.body), "effect")]).toEqual([]);
  });
});

describe("the discovery document", () => {
  it("has the original's entities, and points at nothing else", async () => {
    const discovery = JSON.parse((await api.ask("GET", "/fleet/v1/discovery")).body);
    const names = ["Machine", "MachinePage", "Unit", "UnitOption", "UnitPage", "UnitState", "UnitStatePage"];
    expect(Object.keys(discovery.schemas).sort()).toEqual(names);
    for (const ref of refsIn(discovery)) expect(names).toContain(ref);
    expect(discovery.schemas.Unit.properties.desiredState).toMatchObject({
      type: "string",
      enum: ["inactive", "loaded", "launched"],
    });
  });
});
