import { describe, expect, test } from "vitest";
import { metadataRuleText } from "./metadata-rule.js";
import { parseRequirements } from "./requirements.js";
import { parseUnitFile } from "./unit-file.js";

interface Wanted {
  readonly machineId?: string;
  readonly machineOf?: readonly string[];
  readonly metadata?: Readonly<Record<string, readonly string[]>>;
  readonly rules?: readonly string[];
  readonly conflicts?: readonly string[];
  readonly replaces?: readonly string[];
  readonly global?: boolean;
}

/**
 * What the original makes of the lines below an `[X-Fleet]` header, but for X35, which has got a meaning. What is not
 * named is not required.
 */
const vectors: readonly (readonly [id: string, unit: string, lines: string, wanted: Wanted])[] = [
  ["X01", "a.service", "MachineOf=db.service", { machineOf: ["db.service"] }],
  ["X02", "a.service", 'MachineOf="db.service" "mq.service"', { machineOf: ["db.service", "mq.service"] }],
  ["X03", "a.service", "MachineOf=db.service mq.service", { machineOf: ["db.service mq.service"] }],
  [
    "X04",
    "a.service",
    "MachineOf=db.service\nMachineOf=mq.service",
    { machineOf: ["db.service", "mq.service"] },
  ],
  [
    "X05",
    "a.service",
    'MachineOf="db.service"  "mq.service"',
    { machineOf: ["db.service", "", "mq.service"] },
  ],
  ["X06", "a.service", 'MachineOf="db.service"\t"mq.service"', { machineOf: ["db.service\tmq.service"] }],
  ["X07", "a.service", 'MachineOf="db.service""mq.service"', { machineOf: ["db.servicemq.service"] }],
  ["X08", "a.service", 'MachineOf="db.service" mq.service', { machineOf: ['"db.service" mq.service'] }],
  ["X09", "a.service", "MachineOf='db.service'", { machineOf: ["'db.service'"] }],
  ["X10", "a.service", 'MachineOf="a\\"b"', { machineOf: ["a\\b"] }],
  ["X11", "a.service", 'MachineOf="x y" "z"', { machineOf: ["x y", "z"] }],
  ["X12", "a.service", "MachineOf=", { machineOf: [""] }],
  [
    "X13",
    "a.service",
    "MachineOf=q.service\nX-ConditionMachineOf=p.service",
    { machineOf: ["p.service", "q.service"] },
  ],
  ["X14", "a.service", "Conflicts=x* y*", { conflicts: ["x*", "y*"] }],
  ["X15", "a.service", 'Conflicts="x* z*" "y*"', { conflicts: ["x*", "z*", "y*"] }],
  ["X16", "a.service", "Conflicts=x*\ty*", { conflicts: ["x*", "y*"] }],
  ["X17", "a.service", "Conflicts=x* \\\n  y*", { conflicts: ["x*", "\\", "y*"] }],
  ["X18", "a.service", "Conflicts=b*\nX-Conflicts=a*", { conflicts: ["a*", "b*"] }],
  ["X19", "a.service", "Conflicts=", {}],
  ["X20", "a.service", "Replaces=x.service y.service", { replaces: ["x.service y.service"] }],
  ["X21", "a.service", 'Replaces="x.service" "y*"', { replaces: ["x.service", "y*"] }],
  ["X22", "a.service", "MachineID=m1\nMachineID=m2", { machineId: "m1" }],
  ["X23", "a.service", 'MachineID="m1" "m2"', { machineId: "m1" }],
  ["X24", "a.service", "X-ConditionMachineID=m2\nMachineID=m1", { machineId: "m1" }],
  ["X25", "a.service", "X-ConditionMachineBootID=b\nX-ConditionMachineID=m2", { machineId: "m2" }],
  ["X26", "a.service", "X-ConditionMachineBootID=b", { machineId: "b" }],
  ["X27", "a.service", "MachineID=", { machineId: "" }],
  ["X28", "a.service", "MachineMetadata=zone=eu", { metadata: { zone: ["eu"] } }],
  ["X29", "a.service", 'MachineMetadata="zone=eu" "disk=ssd"', { metadata: { disk: ["ssd"], zone: ["eu"] } }],
  ["X30", "a.service", 'MachineMetadata="zone=eu" "zone=us"', { metadata: { zone: ["eu", "us"] } }],
  ["X31", "a.service", "MachineMetadata=zone=eu disk=ssd", {}],
  ["X32", "a.service", "MachineMetadata=zone=eu=1", {}],
  ["X33", "a.service", "MachineMetadata=zone=", {}],
  ["X34", "a.service", "MachineMetadata==eu", {}],
  ["X35", "a.service", "MachineMetadata=zone", { rules: ["zone"] }],
  ["X36", "a.service", "MachineMetadata=zone = eu", { metadata: { "zone ": [" eu"] } }],
  [
    "X37",
    "a.service",
    "MachineMetadata=a=1\nX-ConditionMachineMetadata=a=2",
    { metadata: { a: ["1", "2"] } },
  ],
  ["X38", "s@r7.service", "MachineMetadata=rack=%i", { metadata: { rack: ["r7"] } }],
  ["X39", "s@r7.service", "MachineMetadata=%p=%i", { metadata: { s: ["r7"] } }],
  ["X40", "s@r7.service", "MachineOf=%p@%i.socket", { machineOf: ["s@r7.socket"] }],
  ["X41", "s@r7.service", "Conflicts=%p@*.service", { conflicts: ["s@*.service"] }],
  [
    "X42",
    "s@r7.service",
    "MachineOf=%n|%N|%p|%i|%m|%%|%%n",
    { machineOf: ["s@r7.service|s@r7|s|r7|%m|%%|%s@r7.service"] },
  ],
  ["X43", "plain.service", "MachineOf=%p@%i.service", { machineOf: ["plain@.service"] }],
  ["X44", "a.service", "Global=true", { global: true }],
  ["X45", "a.service", "Global= TRUE ", { global: true }],
  ["X46", "a.service", "Global=yes\nGlobal=no", {}],
  ["X47", "a.service", 'Global="no" "on"', { global: true }],
  ["X48", "a.service", "Global=y", {}],
  ["X49", "a.service", "Global=", {}],
  ["X50", "a.service", "X-Global=true", {}],
  ["X51", "on@true.service", "Global=%i", { global: true }],
  ["X52", "a.service", "Colour=red", {}],
];

describe("parseRequirements", () => {
  test.each(vectors)("%s %s %j", (_id, unit, lines, wanted) => {
    const { metadataRules, reserve, wishes, spread, exclusive, offlineStart, ...requirements } =
      parseRequirements(parseUnitFile(`[X-Fleet]\n${lines}\n`), unit);
    expect(metadataRules.map(metadataRuleText)).toEqual(wanted.rules ?? []);
    expect({ reserve, wishes, spread, exclusive, offlineStart }).toEqual({
      reserve: new Map(),
      wishes: [],
      spread: undefined,
      exclusive: false,
      offlineStart: false,
    });
    expect(requirements).toEqual({
      machineId: wanted.machineId,
      machineOf: wanted.machineOf ?? [],
      machineMetadata: new Map(Object.entries(wanted.metadata ?? {})),
      conflicts: wanted.conflicts ?? [],
      replaces: wanted.replaces ?? [],
      global: wanted.global ?? false,
    });
  });

  test("without a name, specifiers stay", () => {
    const options = parseUnitFile("[X-Fleet]\nMachineOf=%p.socket\nConflicts=%p@*.service\n");
    expect(parseRequirements(options)).toMatchObject({
      machineOf: ["%p.socket"],
      conflicts: ["%p@*.service"],
    });
  });

  test("other sections do not count, however they are spelled", () => {
    const options = parseUnitFile("[Service]\nGlobal=true\n[x-fleet]\nGlobal=true\n[X-fleet]\nMachineID=a\n");
    expect(parseRequirements(options)).toMatchObject({ global: false, machineId: undefined });
  });

  test.each([
    ["two lines, two keys", '"zone=a" "disk=ssd"', "zone=b", { zone: ["a", "b"], disk: ["ssd"] }],
    ["lines form no groups", '"zone=a" "job=x"', '"zone=b" "job=y"', { zone: ["a", "b"], job: ["x", "y"] }],
    ["a pair given twice", "zone=a", "zone=a", { zone: ["a"] }],
  ])("metadata, %s", (_case, first, second, wanted) => {
    const options = parseUnitFile(`[X-Fleet]\nMachineMetadata=${first}\nMachineMetadata=${second}\n`);
    expect(parseRequirements(options).machineMetadata).toEqual(new Map(Object.entries(wanted)));
  });

  test.each([
    ["zone!=eu", {}, ["zone!=eu"]],
    ['"zone!=eu" "zone!=us" "disk!=hdd"', {}, ["zone!=eu|us", "disk!=hdd"]],
    ['"kernel>=5.10" "kernel<7"', {}, ["kernel>=5.10", "kernel<7"]],
    ['"cores>4" "cores>4"', {}, ["cores>4"]],
    ['"gpu" "!arm"', {}, ["gpu", "!arm"]],
    ['"zone~=eu-*" "zone~=us-?"', {}, ["zone~=eu-*|us-?"]],
    ['"zone=eu" "zone~=us-*" "disk=ssd"', { disk: ["ssd"] }, ["zone~=us-*|eu"]],
    ['"zone=a*b" "zone~=us-*"', {}, ["zone~=us-*|a\\*b"]],
    // What operators cannot mean is what it always was.
    ["zone>=eu", { "zone>": ["eu"] }, []],
    ["zone<=", {}, []],
    ["zone~=[", { "zone~": ["["] }, []],
    ["a b!=c", { "a b!": ["c"] }, []],
    ["zone>eu", {}, []],
    ["zone!=a=b", {}, []],
    ["zone==eu", {}, []],
    ["zone=!eu", { zone: ["!eu"] }, []],
  ])("operators: MachineMetadata=%s", (value, pairs, rules) => {
    const { machineMetadata, metadataRules } = parseRequirements(
      parseUnitFile(`[X-Fleet]\nMachineMetadata=${value}\n`),
    );
    expect(machineMetadata).toEqual(new Map(Object.entries(pairs)));
    expect(metadataRules.map(metadataRuleText)).toEqual(rules);
  });

  test.each(["zone!=eu", "zone>=2", "zone~=e*"])("the legacy spelling knows no operators: %s", (value) => {
    const { machineMetadata, metadataRules } = parseRequirements(
      parseUnitFile(`[X-Fleet]\nX-ConditionMachineMetadata=${value}\nX-ConditionMachineMetadata=gpu\n`),
    );
    const [key = "", operand = ""] = value.split("=");
    expect(machineMetadata).toEqual(new Map([[key, [operand]]]));
    expect(metadataRules).toEqual([]);
  });

  test.each([
    ["Reserve=cpu=0.5,memory=512M,gpu=1", { cpu: 500, memory: 512 * 1024 ** 2, gpu: 1 }],
    ['Reserve="cpu=2" "memory=1.5G"', { cpu: 2000, memory: 1.5 * 1024 ** 3 }],
    ["Reserve=cpu=250m\nReserve=memory=2G", { cpu: 250, memory: 2 * 1024 ** 3 }],
    ["Reserve=cpu=1\nReserve=cpu=2", { cpu: 1000 }],
    ["Reserve=cpu=much\nReserve=gpu=0\nReserve=disk=1", { disk: 1 }],
    ["Reserve=", {}],
  ])("%j", (lines, reserve) => {
    const requirements = parseRequirements(parseUnitFile(`[X-Fleet]\n${lines}\n`));
    expect(Object.fromEntries(requirements.reserve)).toEqual(reserve);
  });

  test.each([
    ["Prefer=disk=ssd", [[1, "disk=ssd"]]],
    [
      'Prefer="50:disk=ssd" "zone"\nAvoid=10:unit:web@*',
      [
        [50, "disk=ssd"],
        [1, "zone"],
        [-10, "unit:web@*"],
      ],
    ],
    [
      "Avoid=2:kernel<5\nPrefer=!old",
      [
        [1, "!old"],
        [-2, "kernel<5"],
      ],
    ],
    ["Prefer=unit:%p@*.service", [[1, "unit:w@*.service"]]],
    ["Prefer=0:a=b\nPrefer=101:a=b\nPrefer=a=b=c\nPrefer=unit:\nPrefer=", []],
  ])("%j", (lines, wanted) => {
    const { wishes } = parseRequirements(parseUnitFile(`[X-Fleet]\n${lines}\n`), "w@1.service");
    expect(wishes.map(({ weight, text }) => [weight, text])).toEqual(wanted);
  });

  test.each([
    ["Spread=zone", { spread: "zone" }],
    ["Spread=", { spread: undefined }],
    ["Exclusive=true", { exclusive: true }],
    ["Exclusive=true\nExclusive=no", { exclusive: false }],
    ["OfflineStart=yes", { offlineStart: true }],
    ["OfflineStart=true\nOfflineStart=false", { offlineStart: false }],
    ["OfflineStart=perhaps", { offlineStart: false }],
  ])("%j", (lines, wanted) => {
    expect(parseRequirements(parseUnitFile(`[X-Fleet]\n${lines}\n`), "w@1.service")).toMatchObject(wanted);
  });
});
