import { describe, expect, test } from "vitest";
import { strictProblem } from "./strict-problem.js";
import { parseUnitFile } from "./unit-file.js";

const problemOf = (name: string, lines: string): string | undefined =>
  strictProblem(name, parseUnitFile(`[X-Fleet]\n${lines}\n`));

const patternEnd = 'is malformed: a "[" is not closed by a "]"';

describe("strictProblem refuses what the original accepts and nobody means", () => {
  test.each([
    ["MachineID=", "MachineID is empty, which no machine matches: name a machine, or remove the line"],
    [
      "X-ConditionMachineID=",
      "X-ConditionMachineID is empty, which no machine matches: name a machine, or remove the line",
    ],
    ["MachineID=%i", "MachineID is empty, which no machine matches: name a machine, or remove the line"],
    ["MachineOf=", "MachineOf is empty, which no unit is called: name a unit, or remove the line"],
    [
      'MachineOf="b.service"  "c.service"',
      `MachineOf='"b.service"  "c.service"' contains an empty value, which no unit is called: name a unit, with single blanks between quoted values, or remove the line`,
    ],
    [
      "MachineOf=b.service c.service",
      'MachineOf "b.service c.service" contains a blank, which a unit\'s name cannot: to list several, write MachineOf="b.service" "c.service"',
    ],
    [
      'X-ConditionMachineOf="b.service" c.service',
      'X-ConditionMachineOf "\\"b.service\\" c.service" contains a blank, which a unit\'s name cannot: to list several, write X-ConditionMachineOf="b.service" "c.service"',
    ],
    [
      'MachineOf="b.service"\t"c.service"',
      'MachineOf "b.service\\tc.service" contains a blank, which a unit\'s name cannot: to list several, write MachineOf="b.service" "c.service"',
    ],
    ["MachineOf=a.service", "MachineOf='a.service' names the unit itself: remove it, or name another unit"],
    ["MachineOf=%n", "MachineOf='%n' names the unit itself: remove it, or name another unit"],
    [
      "Replaces=b.service c*",
      'Replaces "b.service c*" contains a blank, which a unit\'s name cannot: to list several, write Replaces="b.service" "c*"',
    ],
    ["Replaces=b[", `Replaces pattern "b[" ${patternEnd}`],
    ["Conflicts=b* c[", `Conflicts pattern "c[" ${patternEnd}`],
    ["X-Conflicts=c[", `X-Conflicts pattern "c[" ${patternEnd}`],
    [
      "MachineMetadata=",
      'MachineMetadata is empty, which demands nothing: write "key=value", or remove the line',
    ],
    [
      "MachineMetadata=zone=eu disk=ssd",
      'MachineMetadata "zone=eu disk=ssd" contains a blank outside quotes: write MachineMetadata="zone=eu" "disk=ssd"',
    ],
    [
      "MachineMetadata=zone = eu",
      'MachineMetadata "zone = eu" contains a blank outside quotes: write MachineMetadata="zone=eu"',
    ],
    [
      "MachineMetadata=city=New York",
      'MachineMetadata "city=New York" contains a blank outside quotes: write MachineMetadata="city=New York"',
    ],
    [
      'MachineMetadata="zone = eu"',
      'MachineMetadata "zone = eu" has blanks around its key or value, which count: write "zone=eu"',
    ],
    [
      "MachineMetadata=rack=%i",
      'MachineMetadata "rack=" is not a pair: write "key=value" with one "=" and something on both sides',
    ],
    ["Conflicts=a*\nMachineOf=%p.socket", 'unresolvable requirements: peer "a.socket" matches conflict "a*"'],
  ])("%j", (lines, problem) => {
    expect(problemOf("a.service", lines)).toBe(problem);
  });

  const form = "is not of the form name=amount: write cpu=0.5,memory=512M";
  test.each([
    ["Reserve=", `Reserve='' is not understood: "" ${form}`],
    ["Reserve=cpu", `Reserve='cpu' is not understood: "cpu" ${form}`],
    ["Reserve=cpu=1 memory=1G", `Reserve='cpu=1 memory=1G' is not understood: "cpu=1 memory=1G" ${form}`],
    ["Reserve=1=2", `Reserve='1=2' is not understood: "1=2" ${form}`],
    [
      "Reserve=cpu=50%",
      "Reserve='cpu=50%' is not understood: \"50%\" is no amount of cpu: write cpu=0.5 or cpu=500m",
    ],
    [
      "Reserve=memory=2GB",
      "Reserve='memory=2GB' is not understood: \"2GB\" is no amount of memory: write memory=512M or memory=2G",
    ],
    ["Reserve=gpu=0.5", "Reserve='gpu=0.5' is not understood: \"0.5\" is no amount of gpu: write gpu=1"],
    [
      "Reserve=memory=99999999999T",
      "Reserve='memory=99999999999T' is not understood: \"99999999999T\" is more memory than any machine has",
    ],
    [
      "Reserve=cpu=99999999999999",
      "Reserve='cpu=99999999999999' is not understood: \"99999999999999\" is more cpu than any machine has",
    ],
    ["Reserve=gpu=0", "Reserve of gpu is 0, which reserves nothing: leave it out"],
    ["Reserve=cpu=1,cpu=2", "Reserve='cpu=1,cpu=2' is not understood: cpu is given twice"],
    ["Reserve=cpu=1\nReserve=cpu=1", "Reserve of cpu is given twice: write it once"],
    ["Reserve=a=1,b=1,c=1,d=1,e=1,f=1,g=1,h=1,i=1", "Reserve names 9 resources (max 8)"],
  ])("%j", (lines, problem) => {
    expect(problemOf("a.service", lines)).toBe(problem);
  });

  const wishForm =
    'write metadata ("disk=ssd") or units ("unit:web@*"), with a weight before it ("50:disk=ssd")';
  test.each([
    ["Prefer=", `Prefer "" is not understood: ${wishForm}`],
    ["Avoid=a=b=c", `Avoid "a=b=c" is not understood: ${wishForm}`],
    ["Prefer=0:a=b", 'Prefer "0:a=b" is not understood: the weight 0 is not between 1 and 100'],
    [
      "Avoid=-5:disk=ssd",
      'Avoid "-5:disk=ssd" is not understood: the weight -5 is not a whole number from 1 to 100',
    ],
    [
      "Prefer=0.5:disk=ssd",
      'Prefer "0.5:disk=ssd" is not understood: the weight 0.5 is not a whole number from 1 to 100',
    ],
    ["Prefer=5:>=5", 'Prefer ">=5" has no key before ">=": write "key>=5"'],
    ["Exclusive=maybe", 'Exclusive "maybe" is neither true nor false: write true or false'],
    ["Exclusive=true\nExclusive=y", 'Exclusive "y" is neither true nor false: write true or false'],
    ["OfflineStart=ja", 'OfflineStart "ja" is neither true nor false: write true or false'],
    [
      "OfflineStart=true\nExclusive=true",
      "OfflineStart cannot be used with Exclusive: a machine by itself cannot know that the unit runs nowhere else",
    ],
    [
      "Prefer=unit:w[",
      'Prefer "unit:w[" is not understood: the pattern is malformed: a "[" is not closed by a "]"',
    ],
    ["Prefer=unit:", 'Prefer "unit:" is not understood: the pattern is malformed: it matches no unit'],
    [
      "Prefer=a=b c=d",
      'Prefer "a=b c=d" contains a blank outside quotes: put every value in double quotes, with one blank between them',
    ],
    ['Prefer="5:a = b"', 'Prefer "a = b" has blanks around its key or value, which count: write "a=b"'],
    ["Avoid=a>b", 'Avoid "a>b" is not understood: '],
    [
      `Prefer=${Array(5).fill('"a=b"').join(" ")}\nAvoid=${Array(4).fill('"c"').join(" ")}`,
      "Prefer and Avoid have 9 values together (max 8)",
    ],
    ["Spread=zone", "Spread spreads the instances of a template, and a.service is none: remove the line"],
    ["Global=true\nPrefer=a", "Global cannot be used with Prefer: the unit runs on every machine that fits"],
    [
      "MachineID=m\nAvoid=a",
      "MachineID cannot be used with Avoid: the unit runs on that machine and no other",
    ],
    [
      "Global=true\nExclusive=true",
      "Global cannot be used with Exclusive: the one runs everywhere, the other once",
    ],
  ])("%j", (lines, problem) => {
    expect(problemOf("a.service", lines)?.slice(0, problem.length)).toBe(problem);
  });

  test.each([
    ["Spread=zone=e", 'Spread "zone=e" is no metadata key: write Spread=zone'],
    ["Spread=", 'Spread "" is no metadata key: write Spread=zone'],
    ["Spread=zone\nSpread=rack", "Spread is given twice: instances are spread over one key"],
    [
      "Spread=zone\nGlobal=true",
      "Global cannot be used with Spread: the unit runs on every machine that fits",
    ],
    ["Spread=zone", undefined],
  ])("%j of an instance and of its template", (lines, problem) => {
    expect(problemOf("w@1.service", lines)).toBe(problem);
    expect(problemOf("w@.service", lines)).toBe(problem);
  });

  test.each(["zone=", "=eu", "zone=eu=1", "zone==eu"])("MachineMetadata=%s is no pair", (pair) => {
    expect(problemOf("a.service", `MachineMetadata=${pair}`)).toBe(
      `MachineMetadata "${pair}" is not a pair: write "key=value" with one "=" and something on both sides`,
    );
  });

  test.each([
    ["zone>", 'is no demand: write "key=value", "key!=value", "key~=pattern", "key>=1.2", "key" or "!key"'],
    [">=5", 'has no key before ">=": write "key>=5"'],
    ["!=eu", 'has no key before "!=": write "key!=eu"'],
    ["!", 'is no demand: write "key=value", "key!=value", "key~=pattern", "key>=1.2", "key" or "!key"'],
    ["kernel>=new", 'is not understood: ">=" compares numbers and versions such as 4 or 5.10'],
    ["kernel>new", 'is not understood: ">" compares numbers and versions such as 4 or 5.10'],
    ["zone~=e[", 'is not understood: the pattern is malformed: a "[" is not closed by a "]"'],
    ['"kernel >= 5"', 'has blanks around its key or value, which count: write "kernel>=5"'],
    ['"kernel >=5"', 'has blanks around its key or value, which count: write "kernel>=5"'],
    ['"kernel > 5"', 'has blanks around its key or value, which count: write "kernel>5"'],
    ['"zone!= eu"', 'has blanks around its key or value, which count: write "zone!=eu"'],
    ['"! gpu"', 'has blanks around its key or value, which count: write "!gpu"'],
    ["kernel >= 5", 'contains a blank outside quotes: write MachineMetadata="kernel>=5"'],
    ["gpu ssd", 'contains a blank outside quotes: write MachineMetadata="gpu" "ssd"'],
    ["a>=1 b!=2", 'contains a blank outside quotes: write MachineMetadata="a>=1" "b!=2"'],
  ])("MachineMetadata=%s %s", (value, problem) => {
    const shown = value.replaceAll('"', "");
    expect(problemOf("a.service", `MachineMetadata=${value}`)).toBe(`MachineMetadata "${shown}" ${problem}`);
  });

  test.each(["zone", "zone=eu=1", "!gpu"])("X-ConditionMachineMetadata=%s is no pair", (pair) => {
    expect(problemOf("a.service", `X-ConditionMachineMetadata=${pair}`)).toContain("is not a pair");
  });

  test.each([
    "MachineMetadata=zone",
    'MachineMetadata="gpu" "!arm" "zone!=eu" "kernel>=5.10" "kernel<7" "zone~=eu-*"',
    'MachineMetadata="city!=New York"',
    "Reserve=cpu=0.5, memory=512M, gpu=1\nGlobal=true",
    "Reserve=cpu=500m\nMachineID=m1",
    'Prefer="50:disk=ssd" "unit:web@*" "kernel>=5"\nAvoid=100:unit:db.service\nMachineOf=b.service',
    "Exclusive=true\nMachineID=m1",
    "Exclusive=true\nMachineOf=b.service\nReplaces=c*",
    "Exclusive=no\nGlobal=true",
    "OfflineStart=true\nGlobal=true",
    "OfflineStart=true\nExclusive=no",
    "MachineID=m1",
    'MachineID=m1\nMachineMetadata="z=e" "d=s"',
    "MachineOf=b.service\nMachineOf=c.service",
    'MachineOf="b.service" "c.service"',
    "Conflicts=b* c*",
    "Conflicts=",
    "Conflicts=b* \\\n  c*",
    "Conflicts=%p@*.service",
    'Replaces="b.service" "c*"',
    "Replaces=",
    'MachineMetadata="city=New York"',
    "Global=true\nMachineMetadata=z=e",
    "Colour=red",
    "Conflicts=a*",
  ])("%j passes", (lines) => {
    expect(problemOf("a.service", lines)).toBeUndefined();
  });

  test("other sections are not looked at", () => {
    expect(strictProblem("a.service", parseUnitFile("[Service]\nMachineOf=a b\n"))).toBeUndefined();
  });

  test("a value that would become another section is refused", () => {
    const options = [{ section: "Service", name: "A", value: "b\n[X-Fleet]\nGlobal=true" }];
    expect(strictProblem("a.service", options)).toContain("contains a line end");
  });
});

describe("a template is refused only for what holds for every instance", () => {
  test.each([
    ["MachineOf=%n", true],
    ["MachineOf=%p@%i.service", true],
    ["MachineOf=t@1.service", false],
    ["MachineOf=t@1.service\nMachineOf=t@zz.service", false],
    ["MachineOf=%p@%i.socket", false],
    ["MachineOf=b c", true],
    ["MachineOf=%i.service x.service", true],
    ["MachineID=%i", false],
    ["MachineID=", true],
    ["MachineMetadata=rack=%i", false],
    ["MachineMetadata=%i", false],
    ["MachineMetadata=cores>%i", false],
    ["MachineMetadata=cores>x%i", true],
    ["MachineMetadata==%i", true],
    ["Conflicts=%p@[%i].service", false],
    ["Conflicts=%p@[%i.service", true],
    ["Conflicts=%p@*.service", false],
    ["Conflicts=%p*\nMachineOf=%p-%i.socket", true],
    ["Conflicts=%p@1.socket\nMachineOf=%p@%i.socket", false],
  ])("%j: %s", (lines, refused) => {
    expect(problemOf("t@.service", lines) !== undefined).toBe(refused);
  });

  test("an instance is judged by its own name", () => {
    expect(problemOf("t@1.service", "MachineOf=t@1.service")).toContain("names the unit itself");
    expect(problemOf("t@2.service", "MachineOf=t@1.service")).toBeUndefined();
  });
});
