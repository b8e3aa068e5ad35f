// What PUT units/<name> takes for a unit, and what it refuses, row by row of the original's rules.

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ServedApi, serveApi, ways } from "./testing/served-api.js";

const error = (code: number, message: string): string =>
  `{"error":{"code":${code},"message":${JSON.stringify(message)}}}`;
const one = '[{"section":"Unit","name":"Description","value":"one"}]';
/** Options of `[X-Fleet]`, each `name=value`. */
const rules = (...list: readonly string[]) =>
  JSON.stringify({
    options: list.map((each) => {
      const [, name, value] = /^([^=]*)=(.*)$/s.exec(each) ?? [];
      return { section: "X-Fleet", name, value };
    }),
  });

describe.each(ways)("over %s", (over) => {
  let api: ServedApi;
  beforeEach(async () => {
    api = await serveApi({ over });
  });
  afterEach(() => api.stop());
  const put = (name: string, body: string) =>
    api.send("PUT", `/fleet/v1/units/${encodeURIComponent(name)}`, body);

  it.each([
    ["a".repeat(257), "unit name exceeds maximum length (256)"],
    ["foo", 'unit name must contain "."'],
    ["foo.", 'unit name cannot end in "."'],
    ["foo.bar", 'invalid unit type: "bar"'],
    ["foo.Service", 'invalid unit type: "Service"'],
    ["a@.mount", 'invalid unit type for template: "mount"'],
    ["a@1.device", 'invalid unit type for template: "device"'],
    ["a b.service", "invalid character ' ' in unit name"],
    ["é.service", "invalid character 'é' in unit name"],
    ["a{1}.service", "invalid character '{' in unit name"],
    ["@x.service", 'unit name cannot start in "@"'],
    // systemd would never load them.
    [".service", 'unit name ".service" has nothing before its type: systemd loads no such unit'],
    [
      `${"a".repeat(248)}.service`,
      "unit name exceeds maximum length (255), beyond which systemd loads no unit",
    ],
  ])("the name %s is refused", async (name, message) => {
    const answer = await put(name, `{"options":${one}}`);
    expect([answer.status, answer.body]).toEqual([400, error(400, message)]);
  });

  it.each([
    `${"a".repeat(247)}.service`,
    "foo@a@b.service",
    "yes@no\\.service",
    "a:b-c_d.e.service",
    ...[
      "automount",
      "busname",
      "device",
      "mount",
      "path",
      "scope",
      "slice",
      "snapshot",
      "socket",
      "swap",
    ].map((type) => `a.${type}`),
    ...["path", "socket", "target", "timer"].map((type) => `a@1.${type}`),
  ])("the name %s is taken", async (name) => {
    expect((await put(name, `{"options":${one}}`)).status).toBe(201);
    const read = await api.send("GET", `/fleet/v1/units/${encodeURIComponent(name)}`);
    expect(JSON.parse(read.body)).toMatchObject({ name });
  });

  it.each([
    [
      ["MachineOf=a.service", "Conflicts=*.service"],
      'unresolvable requirements: peer "a.service" matches conflict "*.service"',
    ],
    [
      ["MachineOf=a.service", "Replaces=a.service"],
      'unresolvable requirements: peer "a.service" matches replace "a.service"',
    ],
    [["MachineID=m", "MachineOf=a.service"], "MachineID cannot be used with Peers"],
    [["X-ConditionMachineID=m", "X-ConditionMachineOf=a.service"], "MachineID cannot be used with Peers"],
    [["X-ConditionMachineBootID=m", "MachineOf=a.service"], "MachineID cannot be used with Peers"],
    [["MachineID=m", "Conflicts=a.service"], "MachineID cannot be used with Conflicts"],
    [["MachineID=m", "Global=true"], "MachineID cannot be used with Global"],
    [["MachineID=m", "Replaces=a.service"], "MachineID cannot be used with Replaces"],
    [["Global=true", "MachineOf=a.service"], "Global cannot be used with Peers"],
    [["Global=YES", "MachineOf=a.service"], "Global cannot be used with Peers"],
    [['Global="true"', "MachineOf=a.service"], "Global cannot be used with Peers"],
    [["Global=true", "MachineOf="], "Global cannot be used with Peers"],
    [["Global=true", "Replaces=a.service"], "Global cannot be used with Replaces"],
    [["Conflicts=a.service", "Replaces=b.service"], "Conflicts cannot be used with Replaces"],
    [
      ['MachineOf="a.service" "b.service"', "Conflicts=a.service"],
      'unresolvable requirements: peer "a.service" matches conflict "a.service"',
    ],
  ])("%j is refused", async (list, message) => {
    const answer = await put("u.service", rules(...list));
    expect([answer.status, answer.body]).toEqual([400, error(400, message)]);
  });

  it.each([
    [["Global=true", "Conflicts=a.service"]],
    [["Global=true", "MachineMetadata=a=b"]],
    [["MachineID=m", "MachineMetadata=a=b"]],
    [["MachineOf=a.service", "Replaces=b.service"]],
    [["MachineOf=a.service", "MachineMetadata=a=b"]],
    [["Global=false", "MachineOf=a.service"]],
    [["Global=true", "Global=false", "MachineOf=a.service"]],
    [["Unknown=1"]],
  ])("%j is taken", async (list) => {
    expect((await put("u.service", rules(...list))).status).toBe(201);
  });

  it("sections that are spelled in another way are foreign", async () => {
    const body = rules("Global=true", "MachineOf=a.service").replaceAll("X-Fleet", "x-fleet");
    expect((await put("u.service", body)).status).toBe(201);
  });

  it.each([
    ["a line end in a value", { section: "Unit", name: "A", value: "line1\nB=line2" }],
    ["a carriage return in a value", { section: "Unit", name: "A", value: "a\r\nb" }],
    ["a value that ends in a backslash", { section: "Unit", name: "A", value: "trail\\" }],
    ["blanks around a value", { section: "Unit", name: "A", value: " lead and trail " }],
    ["a sign of equality in a name", { section: "Unit", name: "A=B", value: "x" }],
    ["a name that makes a comment", { section: "Unit", name: "#A", value: "x" }],
    ["a bracket in a section", { section: "Un]it", name: "A", value: "x" }],
  ])("%s is refused, because it would be read back as something else", async (_what, option) => {
    const answer = await put(
      "u.service",
      JSON.stringify({ options: [option, { section: "Unit", name: "B", value: "y" }] }),
    );
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body).error.message).not.toBe("");
    expect((await api.send("GET", "/fleet/v1/units")).body).toBe("{}");
  });

  it("options of one section come back together, in the order of sections", async () => {
    const sent = ["A", "B", "A"].map((section, index) => ({ name: `n${index}`, section, value: "v" }));
    await put("u.service", JSON.stringify({ options: sent }));
    const { options } = JSON.parse((await api.send("GET", "/fleet/v1/units/u.service")).body);
    expect(options.map(({ name }: { name: string }) => name)).toEqual(["n0", "n2", "n1"]);
  });

  it.each([
    [`{"options":${one}}`, 201, "inactive"],
    [`{"options":${one},"desiredState":""}`, 201, "inactive"],
    [`{"options":${one},"desiredState":null}`, 201, "inactive"],
    [`{"options":${one},"desiredState":"inactive"}`, 201, "inactive"],
    [`{"options":${one},"desiredState":"loaded"}`, 201, "loaded"],
    [`{"options":${one},"desiredState":"launched"}`, 201, "launched"],
    [`{"options":${one},"desiredState":"inactive","desiredState":"loaded"}`, 201, "loaded"],
    [`{"OPTIONS":${one},"DESIREDSTATE":"loaded"}`, 201, "loaded"],
    [`{"options":${one},"name":""}garbage`, 201, "inactive"],
  ])("%s makes a unit", async (body, status, desiredState) => {
    expect(await put("u.service", body)).toMatchObject({ status, body: "" });
    const read = JSON.parse((await api.send("GET", "/fleet/v1/units/u.service")).body);
    expect(read).toMatchObject({ desiredState, name: "u.service", options: JSON.parse(one) });
  });

  it.each(["null", "{}", "{}garbage", '{"options":[]}', '{"options":null}'])(
    "%s makes none",
    async (body) => {
      const answer = await put("u.service", body);
      expect([answer.status, answer.body]).toEqual([
        409,
        error(409, "unit does not exist and options field empty"),
      ]);
    },
  );
});
