import fc from "fast-check";
import type { DirectRequest } from "./direct-request.js";

const names = ["a.service", "a@.service", "a@1.service", "b.timer", "m1", "no.service"];
const resources = [
  "units",
  "state",
  "machines",
  "discovery",
  "wait",
  "status",
  "debug/state",
  "openapi.json",
];
const prefixes = ["/fleet/v1", "/v1-alpha", "/fleet/v2", "", "/fleet"];
const methods = ["GET", "PUT", "DELETE", "PATCH", "HEAD", "POST", "OPTIONS", "get", "X"];

/** Any text, and texts of the characters that matter in unit files and JSON. */
const anyText = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.string({
    unit: fc.constantFrom(
      "[",
      "]",
      "=",
      "\\",
      "\n",
      "\r",
      " ",
      "\t",
      "#",
      ";",
      '"',
      "%",
      "*",
      "@",
      "é",
      "\0",
      "a",
    ),
    maxLength: 60,
  }),
);

const keys = fc.constantFrom(
  "Global",
  "MachineOf",
  "MachineID",
  "MachineMetadata",
  "Conflicts",
  "Replaces",
  "ExecStart",
  "X-Conflicts",
  "Description",
);
const values = fc.oneof(
  fc.constantFrom("true", "a.service", "*.service", '"a=b" "c=d"', "a@%i.service", "[bad", "", "a=b", "\\"),
  anyText,
);
const unitLine = fc.oneof(
  fc.tuple(keys, values).map(([key, value]) => `${key}=${value}`),
  fc.constantFrom(
    "[Unit]",
    "[Service]",
    "[X-Fleet]",
    "[Install]",
    "# remark",
    ";x\\",
    "",
    "a \\",
    "[",
    "[x] y",
  ),
  anyText,
);

/** Texts that look like unit files, more or less. */
export const unitText: fc.Arbitrary<string> = fc.oneof(
  fc.array(unitLine, { maxLength: 12 }).map((lines) => lines.join("\n")),
  fc.array(unitLine, { maxLength: 6 }).map((lines) => lines.join("\r\n")),
  anyText,
);

/** Page tokens, most of them bad. */
export const tokenText: fc.Arbitrary<string> = fc.oneof(
  fc.uint8Array({ maxLength: 24 }).map((bytes) => Buffer.from(bytes).toString("base64url")),
  fc.tuple(fc.nat(0xffff), fc.nat(0xffff), fc.uint8Array({ maxLength: 12 })).map(([limit, page, rest]) => {
    const head = Buffer.alloc(4);
    head.writeUInt16LE(limit === 0 ? 2 : limit, 0);
    head.writeUInt16LE(page, 2);
    const text = Buffer.concat([head, rest]).toString("base64");
    return text.replaceAll("+", "-").replaceAll("/", "_");
  }),
  fc.tuple(fc.constant(2), fc.nat(3), fc.string({ maxLength: 8 })).map(([limit, page, key]) => {
    const head = Buffer.from([limit, 0, page, 0, 0x3e]);
    const text = Buffer.concat([head, Buffer.from(key)]).toString("base64");
    return text.replaceAll("+", "-").replaceAll("/", "_");
  }),
  fc.string({ maxLength: 12 }),
);

const segment = fc.oneof(
  fc.constantFrom(...names, "..", ".", "", "%2F", "%00", "%zz", "%", "é", "a b"),
  fc.webSegment({ size: "small" }),
);
const queryPart = fc.oneof(
  tokenText.map((token) => `nextPageToken=${token}`),
  fc.constantFrom(...names).map((name) => `unitName=${name}`),
  fc.constantFrom(
    "machineID=m1",
    "alt=json",
    "units=a.service,b.service",
    "units=",
    "after=0",
    "after=9e9",
    "timeout=0",
  ),
  fc.webQueryParameters({ size: "small" }),
);

/** Request targets. Long polls are told not to wait. */
export const target: fc.Arbitrary<string> = fc.oneof(
  fc
    .tuple(
      fc.constantFrom(...prefixes),
      fc.constantFrom(...resources),
      fc.array(segment, { maxLength: 2 }),
      fc.array(queryPart, { maxLength: 3 }),
    )
    .map(
      ([prefix, resource, path, query]) =>
        `${[prefix, resource, ...path].join("/")}?timeout=0${query.map((part) => `&${part}`).join("")}`,
    ),
  fc.array(segment, { maxLength: 5 }).map((path) => `/${path.join("/")}?timeout=0`),
  fc.constantFrom("*", "", "/", "//", "/metrics", "http://x/fleet/v1/units", "/fleet/v1/units/../machines"),
);

/** A resource that is there, whatever the query. */
const knownTarget = fc
  .tuple(
    fc.constantFrom(
      ...["units", "units/a.service", "state", "state/a.service", "machines", "discovery"].flatMap(
        (resource) => [`/fleet/v1/${resource}`, `/v1-alpha/${resource}`],
      ),
      ...["units/a.service", "units/a.service/explain", "wait", "status", "openapi.json", "debug/state"].map(
        (resource) => `/fleet/v2/${resource}`,
      ),
    ),
    fc.array(queryPart, { maxLength: 3 }),
  )
  .map(([path, query]) => `${path}?timeout=0${query.map((part) => `&${part}`).join("")}`);

const unitOption = fc.oneof(
  fc.record(
    {
      section: fc.oneof(fc.constantFrom("Unit", "Service", "X-Fleet", "Install", ""), anyText),
      name: fc.oneof(keys, anyText),
      value: values,
    },
    { requiredKeys: [] },
  ),
  fc.constantFrom(null, 5, "x", []),
);
const states = fc.constantFrom<unknown>("inactive", "loaded", "launched", "bogus", "", null, 1);
const unitV1 = fc.record(
  {
    name: fc.constantFrom<unknown>("a.service", "", null, 7),
    options: fc.oneof(fc.array(unitOption, { maxLength: 5 }), fc.constantFrom<unknown>(null, {}, "x")),
    desiredState: states,
    DESIREDSTATE: states,
  },
  { requiredKeys: [] },
);
const unitV2 = fc.record(
  {
    text: fc.oneof(unitText, fc.constantFrom<unknown>(null, 1)),
    desiredState: states,
    replace: fc.constantFrom<unknown>(true, false, "x"),
    restart: fc.constantFrom<unknown>(true, false, 1),
    machineID: fc.constantFrom<unknown>("m1", "m2", "..", "", null, 1),
  },
  { requiredKeys: [] },
);
const waitV2 = fc.record(
  {
    units: fc.oneof(
      fc.array(fc.oneof(fc.constantFrom<unknown>("a.service", "b.service", "", 1), anyText), {
        maxLength: 4,
      }),
      fc.constantFrom<unknown>(null, "a.service"),
    ),
    after: fc.constantFrom<unknown>(0, -1, 1.5, 1e300, "0", null),
    timeout: fc.constantFrom<unknown>(0, -1, "0", null),
  },
  { requiredKeys: ["timeout"] },
);
const operation = fc.record(
  {
    op: fc.constantFrom<unknown>("add", "replace", "remove", "x", 1),
    path: fc.oneof(
      fc.constantFrom("/m1/metadata/k", "/../metadata/k", "/m1/metadata/..", "/m1/foo"),
      anyText,
    ),
    value: fc.oneof(fc.constantFrom<unknown>({ value: "x" }, {}, null, 1), anyText),
  },
  { requiredKeys: [] },
);

/** Bodies: what the API takes, nearly that, and anything. */
export const body: fc.Arbitrary<string> = fc.oneof(
  unitV1.map((value) => JSON.stringify(value)),
  unitV2.map((value) => JSON.stringify(value)),
  waitV2.map((value) => JSON.stringify(value)),
  fc.array(operation, { maxLength: 4 }).map((value) => JSON.stringify(value)),
  fc.json({ maxDepth: 4 }),
  anyText,
  fc.tuple(unitV1, anyText).map(([value, rest]) => JSON.stringify(value) + rest),
  unitV1.chain((value) => {
    const text = JSON.stringify(value);
    return fc.nat(text.length).map((end) => text.slice(0, end));
  }),
);

const jsonHeaders = fc.oneof(
  { weight: 8, arbitrary: fc.constant({ "content-type": "application/json" }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Record<string, string>>(
      { "content-type": "application/json; charset=utf-8", "user-agent": "google-api-go-client/0.5" },
      { "content-type": "text/plain" },
      {},
    ),
  },
);

/** A unit that is taken, so that there is something to change. */
const goodUnit = fc.record(
  {
    options: fc.array(
      fc.record({
        section: fc.constantFrom("Unit", "Service", "X-Fleet"),
        name: keys,
        value: fc.constantFrom("true", "a.service", "x", "a=b"),
      }),
      { maxLength: 3 },
    ),
    desiredState: fc.constantFrom("inactive", "loaded", "launched"),
  },
  { requiredKeys: [] },
);
const goodText = fc.record(
  {
    text: fc.constantFrom("[Unit]\nDescription=x\n", "[Service]\nExecStart=/bin/true\n"),
    desiredState: fc.constantFrom("inactive", "loaded", "launched"),
    replace: fc.boolean(),
    restart: fc.boolean(),
  },
  { requiredKeys: [] },
);

/** What one may think of doing to the only machine, and what may be asked of its loss. */
const proposal = fc.record(
  {
    start: fc.array(
      fc.record({ name: fc.constantFrom("a.service", "b.service"), text: unitText }, { requiredKeys: [] }),
    ),
    unload: fc.array(fc.constantFrom("a.service", "b.service"), { maxLength: 2 }),
    drain: fc.constantFrom<unknown>(["m1"], ["m2"], "m1"),
    lose: fc.constantFrom<unknown>(["m1"], ["m1", "m1"], [null]),
    loseMetadata: fc.constantFrom<unknown>({}, { a: "b" }, { a: 1 }),
    add: fc.array(
      fc.record(
        {
          count: fc.constantFrom<unknown>(1, 3, 0, 1e9, "1"),
          metadata: fc.constantFrom<unknown>({ a: "b" }, null, []),
          capacity: fc.constantFrom<unknown>({ memory: "1G" }, { memory: "1GB" }, { cpu: 1 }),
        },
        { requiredKeys: [] },
      ),
      { maxLength: 2 },
    ),
    losses: fc.constantFrom<unknown>(1, 2, 3, "1"),
    from: fc.constantFrom<unknown>(0, 1, -1, 1e300),
    revision: fc.constantFrom<unknown>(1, 2, null),
  },
  { requiredKeys: [] },
);

/** Mostly what the resource takes or nearly so. */
function bodyLike(...shapes: readonly fc.Arbitrary<unknown>[]): fc.Arbitrary<string> {
  return fc.oneof(...shapes.map((shape) => shape.map((value) => JSON.stringify(value))), body);
}

function writeOf(method: string, targets: fc.Arbitrary<string>, bodies: fc.Arbitrary<string>) {
  return fc.record({ method: fc.constant(method), target: targets, headers: jsonHeaders, body: bodies });
}

const unitsIn = (...prefixesOfUnits: readonly string[]): fc.Arbitrary<string> =>
  fc
    .tuple(
      fc.constantFrom(...prefixesOfUnits),
      fc.constantFrom("a.service", "a@.service", "a@1.service", ...names),
    )
    .map(([prefix, name]) => prefix + name);

/** Requests that mean to write. */
export const write: fc.Arbitrary<DirectRequest> = fc.oneof(
  {
    weight: 4,
    arbitrary: writeOf("PUT", unitsIn("/fleet/v1/units/", "/v1-alpha/units/"), bodyLike(unitV1, goodUnit)),
  },
  { weight: 4, arbitrary: writeOf("PUT", unitsIn("/fleet/v2/units/"), bodyLike(unitV2, goodText)) },
  {
    weight: 3,
    arbitrary: writeOf(
      "PATCH",
      fc.constant("/fleet/v1/machines"),
      bodyLike(fc.array(operation, { maxLength: 4 })),
    ),
  },
  { weight: 1, arbitrary: writeOf("DELETE", unitsIn("/fleet/v1/units/"), fc.constant("")) },
  {
    weight: 2,
    arbitrary: writeOf(
      "POST",
      fc.constantFrom("/fleet/v2/plan", "/fleet/v2/plan/survive"),
      bodyLike(proposal),
    ),
  },
);

/** Requests of any kind. */
export const anyRequest: fc.Arbitrary<DirectRequest> = fc.record({
  method: fc.oneof({ weight: 3, arbitrary: fc.constant("GET") }, fc.constantFrom(...methods)),
  target: fc.oneof(target, target, knownTarget),
  headers: fc.dictionary(
    fc.constantFrom("content-type", "if-none-match", "accept-encoding", "fleet-min-revision", "user-agent"),
    fc.oneof(
      fc.constantFrom("application/json", "gzip", "*", "0", "1", "-1", 'W/"x"'),
      fc.string({ maxLength: 12 }),
    ),
    { maxKeys: 3 },
  ),
  body: fc.oneof(fc.constant(""), body),
});
