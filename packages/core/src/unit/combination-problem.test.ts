import { describe, expect, test } from "vitest";
import { combinationProblem } from "./combination-problem.js";
import { parseUnitFile } from "./unit-file.js";

/** What the original's validator says of the lines below an `[X-Fleet]` header. */
const vectors: readonly (readonly [id: string, lines: string, problem: string | undefined])[] = [
  ["V01", "MachineID=m1", undefined],
  ["V02", "MachineID=m1\nMachineMetadata=z=e", undefined],
  ["V03", "MachineID=m1\nMachineOf=db.service", "MachineID cannot be used with Peers"],
  ["V04", "MachineID=\nMachineOf=db.service", "MachineID cannot be used with Peers"],
  ["V05", "MachineID=m1\nConflicts=db.service", "MachineID cannot be used with Conflicts"],
  ["V06", "MachineID=m1\nConflicts=", undefined],
  ["V07", "MachineID=m1\nGlobal=true", "MachineID cannot be used with Global"],
  ["V08", "MachineID=m1\nGlobal=no", undefined],
  ["V09", "X-ConditionMachineBootID=b\nGlobal=1", "MachineID cannot be used with Global"],
  ["V10", "MachineID=m1\nReplaces=old.service", "MachineID cannot be used with Replaces"],
  ["V11", "Global=true\nMachineOf=db.service", "Global cannot be used with Peers"],
  ["V12", "Global=true\nReplaces=old.service", "Global cannot be used with Replaces"],
  ["V13", "Global=true\nConflicts=db.service", undefined],
  ["V14", "Global=true\nMachineMetadata=z=e\nConflicts=x*", undefined],
  ["V15", "Conflicts=x*\nReplaces=y*", "Conflicts cannot be used with Replaces"],
  [
    "V16",
    "Conflicts=d*\nMachineOf=db.service",
    'unresolvable requirements: peer "db.service" matches conflict "d*"',
  ],
  [
    "V17",
    "Replaces=d*\nMachineOf=db.service",
    'unresolvable requirements: peer "db.service" matches replace "d*"',
  ],
  ["V18", "Replaces=d*\nMachineMetadata=z=e", undefined],
  ["V19", "Conflicts=[\nMachineOf=db.service", undefined],
  [
    "V20",
    "Conflicts=%p*\nMachineOf=%p.socket",
    'unresolvable requirements: peer "%p.socket" matches conflict "%p*"',
  ],
  ["V21", "Conflicts=web*\nMachineOf=%p.socket", undefined],
  ["V22", "MachineOf=a.service\nMachineOf=b.service", undefined],
  [
    "V23",
    "MachineID=m1\nMachineOf=x.service\nConflicts=x*\nGlobal=true",
    'unresolvable requirements: peer "x.service" matches conflict "x*"',
  ],
  [
    "V24",
    "MachineID=m1\nMachineOf=x.service\nConflicts=y*\nGlobal=true",
    "MachineID cannot be used with Peers",
  ],
  ["V25", "Global=true\nMachineOf=x.service\nReplaces=y*", "Global cannot be used with Peers"],
  ["V26", "Nonsense=1", undefined],
  ["V27", "MachineMetadata=broken", undefined],
];

describe("combinationProblem", () => {
  test.each(vectors)("%s %j", (_id, lines, problem) => {
    expect(combinationProblem(parseUnitFile(`[X-Fleet]\n${lines}\n`))).toBe(problem);
  });

  test("reports the first pair in the order of the file", () => {
    const options = parseUnitFile("[X-Fleet]\nMachineOf=b.service\nMachineOf=a.service\nConflicts=b* a* *\n");
    expect(combinationProblem(options)).toBe(
      'unresolvable requirements: peer "b.service" matches conflict "b*"',
    );
  });

  test("options that print as something unreadable are refused with the parser's words", () => {
    const options = [{ section: "Service", name: "Exec\nStart", value: "/srv/run" }];
    expect(combinationProblem(options)).toBe("unexpected newline encountered while parsing option name");
  });
});
