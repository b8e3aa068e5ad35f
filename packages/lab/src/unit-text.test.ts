import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assignmentWord, daemonUnit, execWord } from "./unit-text.js";

// What systemd does to a quoted word, by its own manual: escapes, then specifiers, then (ExecStart= only) variables.
function readWord(word: string, variables: boolean): string {
  const inner = /^"(.*)"$/s.exec(word)?.[1] ?? "";
  const unescaped = inner.replace(/\\(.)/gs, (_, c: string) => ({ n: "\n", t: "\t" })[c] ?? c);
  const specified = unescaped.replaceAll("%%", "%");
  return variables ? specified.replaceAll("$$", "$") : specified;
}

describe("words", () => {
  const text = fc.string({
    unit: fc.constantFrom("a", " ", '"', "'", "\\", "$", "%", "{", "}", "\n", "\t", ";", "é"),
  });
  it("come back as they were", () => {
    fc.assert(
      fc.property(text, (value) => {
        expect(readWord(execWord(value), true)).toBe(value);
        expect(readWord(assignmentWord(value), false)).toBe(value);
      }),
    );
  });
  it.each([
    ["plain", '"plain"', '"plain"'],
    ['a "b"', '"a \\"b\\""', '"a \\"b\\""'],
    ["$HOME %h", '"$$HOME %%h"', '"$HOME %%h"'],
  ])("quotes %s", (value, exec, assignment) => {
    expect(execWord(value)).toBe(exec);
    expect(assignmentWord(value)).toBe(assignment);
  });
});

it("makes a unit that is always restarted, unless its off file is there", () => {
  const files = { offFile: "/r/off", environmentFile: "/r/env", log: "/d/log" };
  const daemon = {
    command: ["/usr/bin/node", "x y"],
    environment: { A: "1" },
    service: ["Type=notify"],
  } as const;
  expect(daemonUnit("m1", daemon, files)).toBe(`[Unit]
Description=fleet daemon of machine m1
ConditionPathExists=!/r/off
StartLimitIntervalSec=0

[Service]
ExecStart="/usr/bin/node" "x y"
Environment="A=1"
EnvironmentFile=-/r/env
Restart=always
RestartSec=100ms
StandardOutput=append:/d/log
StandardError=append:/d/log
Type=notify

[Install]
WantedBy=default.target
`);
});
