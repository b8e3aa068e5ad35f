import { describe, expect, test } from "vitest";
import { parseUnitFile } from "./unit-file.js";
import { unitWarnings } from "./unit-warnings.js";

const warningsOf = (lines: string, name = "a.service"): readonly string[] =>
  unitWarnings(name, parseUnitFile(`[X-Fleet]\n${lines}\n`));

/** Demands that no machine can meet together. */
const contradictions: readonly [string, string][] = [
  [
    'MachineMetadata="gpu" "!gpu"',
    'MachineMetadata demands "gpu" and "!gpu", which no machine can meet together: remove one of them',
  ],
  [
    "MachineMetadata=kernel>5\nMachineMetadata=kernel<4",
    'MachineMetadata demands "kernel>5" and "kernel<4", which no machine can meet together: remove one of them',
  ],
  [
    'MachineMetadata="a=1" "a=2" "a!=1" "a!=2"',
    'MachineMetadata demands "a=1|2", "a!=1" and "a!=2", which no machine can meet together: remove one of them',
  ],
  [
    "X-ConditionMachineMetadata=a=1\nMachineMetadata=a>3",
    'MachineMetadata demands "a=1" and "a>3", which no machine can meet together: remove one of them',
  ],
  ["MachineMetadata=a<0", 'MachineMetadata demands "a<0", which no machine can meet: remove it'],
];

/** Wishes that change nothing, or not what was meant. */
const oddWishes: readonly [string, string][] = [
  ["Prefer=disk=ssd\nAvoid=disk=ssd", 'Prefer and Avoid both name "disk=ssd": they cancel each other out'],
  ["Prefer=20:unit:a\nAvoid=5:unit:a", 'Prefer and Avoid both name "unit:a": together that is Prefer=15'],
  ["Prefer=gpu\nAvoid=5:gpu", 'Prefer and Avoid both name "gpu": together that is Avoid=4'],
  ['Prefer="gpu" "2:gpu"', 'Prefer names "gpu" twice: the weights add up to 3'],
  ["MachineMetadata=gpu\nPrefer=5:gpu", 'Prefer "gpu" does nothing: the unit demands it anyway'],
  ["MachineMetadata=a=1\nAvoid=a=1", 'Avoid "a=1" does nothing: the unit demands it anyway'],
  [
    "MachineMetadata=zone=eu\nPrefer=zone=us",
    'Prefer "zone=us" does nothing: no machine that meets the unit\'s demands fulfils it',
  ],
  ["Conflicts=db*\nPrefer=unit:db*", 'Prefer "unit:db*" does nothing: the unit conflicts with such units'],
];

describe("unitWarnings", () => {
  test.each([
    ["Conflict", ' (did you mean "Conflicts"?)'],
    ["Machineof", ' (did you mean "MachineOf"?)'],
    ["MachineId", ' (did you mean "MachineID"?)'],
    ["global", ' (did you mean "Global"?)'],
    ["X-ConditionConflicts", ' (did you mean "Conflicts"?)'],
    ["X-MachineMetadata", ' (did you mean "MachineMetadata"?)'],
    ["X-Global", ' (did you mean "Global"?)'],
    ["X-Peers", ""],
    ["Colour", ""],
  ])("an unknown key, %s", (key, suggestion) => {
    expect(warningsOf(`${key}=x`)).toEqual([
      `unrecognized requirement in [X-Fleet] section: "${key}"${suggestion}`,
    ]);
  });

  test.each(["x-fleet", "X-fleet", "XFleet", "X-Flet", " X-Fleet", "Fleet", "X_Fleet", "X-Fleets"])(
    "a section called %j",
    (section) => {
      expect(unitWarnings("a.service", parseUnitFile(`[${section}]\nGlobal=true\n`))).toEqual([
        `section "${section}" means nothing to fleet (did you mean "X-Fleet"?)`,
      ]);
    },
  );

  test.each([
    ["MachineOf=db", 'MachineOf "db" does not end in a unit type (did you mean "db.service"?)'],
    ["MachineOf=db*", 'MachineOf "db*" is taken literally: patterns are not expanded here'],
    [
      "MachineOf=%p@%i.service",
      'MachineOf "%p@%i.service" is a template, which never runs: name an instance of it',
    ],
    ["MachineOf='db.service'", `MachineOf "'db.service'" does not end in a unit type`],
    ["MachineOf=d/b.service", `MachineOf "d/b.service" cannot be a unit: invalid character '/' in unit name`],
    ["MachineID=%m", 'MachineID: unknown specifier "%m" stays as it is (fleet knows %n, %N, %p, %i)'],
    ["Conflicts=a%%b", 'Conflicts: "%%" is no escape in [X-Fleet] and stays as it is'],
    ["MachineID=m1\nMachineID=m2", 'only the first machine ID counts, which is "m1"'],
    ["MachineID=m1 m2", 'no machine can have the ID "m1 m2"'],
    ["Global=maybe", 'Global "maybe" counts as false: write true or false'],
    ["Prefers=a", 'unrecognized requirement in [X-Fleet] section: "Prefers" (did you mean "Prefer"?)'],
    ["Global=y", 'Global "y" counts as false: write true or false'],
    ['Global="ja" "true"', 'Global "ja" counts as false: write true or false'],
    ["MachineMetadata=a=!b", 'MachineMetadata "a=!b" is taken literally (did you mean "a!=b"?)'],
    ["MachineMetadata=!a=b", 'MachineMetadata "!a=b" is taken literally (did you mean "a!=b"?)'],
    ["MachineMetadata=a=>5", 'MachineMetadata "a=>5" is taken literally (did you mean "a>=5"?)'],
    ["MachineMetadata=a=b*", 'MachineMetadata "a=b*" is taken literally (did you mean "a~=b*"?)'],
    ["Reserve=memory=512", 'Reserve of 512 bytes of memory (did you mean "memory=512M"?)'],
    ["Reserve=cpu=500,gpu=1", 'Reserve of 500 cores (did you mean "cpu=500m"?)'],
    ["Reserve=CPU=1,gpu=1", 'Reserve names "CPU", which no machine measures (did you mean "cpu"?)'],
    ["Reserve=mem=1", 'Reserve names "mem", which no machine measures (did you mean "memory"?)'],
    ["reserve=cpu=1", 'unrecognized requirement in [X-Fleet] section: "reserve" (did you mean "Reserve"?)'],
    ...["Prefer=disk=ssd", "Avoid=disk=hdd", "Spread=zone"].map((line): [string, string] => [
      `MachineOf=b.service\n${line}`,
      `${line.split("=")[0]} does nothing beside MachineOf, unless all its peers are global: they decide the machine`,
    ]),
    ...contradictions,
    ...oddWishes,
    ["Replaces=", "Replaces contains an empty pattern, which matches nothing"],
    [
      'Conflicts="b*"  "c*"',
      `Conflicts='"b*"  "c*"' is quoted in an unusual way and read as "b*", "", "c*": put every value in double quotes, with one blank between them`,
    ],
    [
      'MachineMetadata="a=1"\t"b=2"',
      `MachineMetadata='"a=1"\\t"b=2"' is quoted in an unusual way and read as "a=1\\tb=2": put every value in double quotes, with one blank between them`,
    ],
    [
      "Conflicts=b* \\\n c*",
      'Conflicts is continued over several lines, and each "\\" becomes a pattern that matches nothing: write several Conflicts lines',
    ],
  ])("%j", (lines, warning) => {
    expect(warningsOf(lines)).toEqual([warning]);
  });

  test.each([
    "MachineOf=b.service",
    'MachineOf="b.service" "c.target"',
    "MachineMetadata=zone=eu",
    'MachineMetadata="gpu" "!arm" "zone!=eu" "kernel>=5.10" "zone~=eu-*" "a=>x"',
    'MachineMetadata="a=1" "a=2"',
    "X-ConditionMachineMetadata=a=1\nX-ConditionMachineMetadata=a=2",
    'MachineMetadata="zone=eu" "zone=us"\nPrefer=zone=us',
    'Prefer="disk=ssd" "3:unit:web@*"\nAvoid=disk=hdd',
    "Conflicts=%p@*.service b*",
    "MachineID=0123456789abcdef0123456789abcdef",
    "MachineID=%i",
    "Global=true",
    "Global=ON",
    "Global=0",
    "Global=False",
    'Global="no" "on"',
    "X-ConditionMachineBootID=b",
  ])("%j is fine", (lines) => {
    expect(warningsOf(lines)).toEqual([]);
  });

  test("other sections, systemd's and other tools' own, are left alone", () => {
    const text = "[Unit]\nA=1\n[Service]\nB=%m\n[X-Other]\nC=1\n[Path]\nD=1\n[Timer]\nE=1\n[Slice]\nF=1\n";
    expect(unitWarnings("a.service", parseUnitFile(text))).toEqual([]);
  });

  test("instances of a template are judged, not the template", () => {
    expect(warningsOf("MachineOf=%p@%i.socket", "t@.service")).toEqual([]);
  });

  test("what only some instances demand in vain is not said of the template", () => {
    const some = 'MachineMetadata="rack=%i" "rack!=1"';
    expect(warningsOf(some, "t@.service")).toEqual([]);
    expect(warningsOf(some, "t@1.service")).toHaveLength(1);
    expect(warningsOf('MachineMetadata="rack=r%i" "!rack"', "t@.service")).toHaveLength(1);
  });

  test("the same mistake is mentioned once", () => {
    expect(warningsOf("Colour=red\nColour=blue")).toHaveLength(1);
  });
});
