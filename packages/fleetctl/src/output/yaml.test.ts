import { describe, expect, it } from "vitest";
import { type Plain, renderYaml } from "./yaml.js";

describe("renderYaml", () => {
  it.each<[string, Plain, string]>([
    [
      "a list of maps",
      {
        schema: "x/1",
        items: [
          { a: "b", c: null },
          { a: 1, d: { e: true } },
        ],
      },
      "\nschema: x/1\nitems:\n- a: b\n  c: null\n- a: 1\n  d:\n    e: true\n",
    ],
    ["nothing", { items: [], map: {} }, "\nitems: []\nmap: {}\n"],
    ["lists in lists", [["a", "b"], []], "\n- - a\n  - b\n- []\n"],
    [
      "words that are not texts",
      ["no", "True", "null", "y", "1", "1.5", "", "-", "~"],
      '\n- "no"\n- "True"\n- "null"\n- "y"\n- "1"\n- "1.5"\n- ""\n- "-"\n- "~"\n',
    ],
    [
      "signs",
      ["a: b", "#c", "a\nb", 'say "x"', "\\", "\u0085\u2028\u0001"],
      '\n- "a: b"\n- "#c"\n- "a\\nb"\n- "say \\"x\\""\n- "\\\\"\n- "\\u0085\\u2028\\u0001"\n',
    ],
    ["keys", { "a.b": "web@1.service", "": 1, "0x1": 2 }, '\na.b: web@1.service\n"": 1\n"0x1": 2\n'],
    ["a scalar", "x", "\nx\n"],
  ])("%s", (_, value, expected) => {
    expect(`\n${renderYaml(value)}`).toBe(expected);
  });
});
