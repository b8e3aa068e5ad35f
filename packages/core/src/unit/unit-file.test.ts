import { describe, expect, test } from "vitest";
import { FleetError } from "../errors.js";
import { parseUnitFile, serializeUnitFile, UnitFileError, type UnitOption } from "./unit-file.js";
import { unitHash } from "./unit-hash.js";

type Triple = readonly [section: string, name: string, value: string];

/** What the original's parser made of each text, and the hash it gave the result. */
const readable: readonly (readonly [id: string, text: string, options: readonly Triple[], hash: string])[] = [
  ["P01", "", [], "da39a3ee5e6b4b0d3255bfef95601890afd80709"],
  ["P02", "no brackets here", [], "da39a3ee5e6b4b0d3255bfef95601890afd80709"],
  ["P03", "Restart=always\n", [], "da39a3ee5e6b4b0d3255bfef95601890afd80709"],
  ["P04", "[Install]\n", [], "da39a3ee5e6b4b0d3255bfef95601890afd80709"],
  [
    "P05",
    "[Unit]\n[Service]\nExecStart=/srv/run\n",
    [["Service", "ExecStart", "/srv/run"]],
    "cdad2a27e21536da4d6a3ae86359a7026f7a46ec",
  ],
  [
    "P06",
    "[Service]\nExecStart=/srv/run\n",
    [["Service", "ExecStart", "/srv/run"]],
    "cdad2a27e21536da4d6a3ae86359a7026f7a46ec",
  ],
  [
    "P07",
    "[Service]\nExecStart=/srv/run",
    [["Service", "ExecStart", "/srv/run"]],
    "cdad2a27e21536da4d6a3ae86359a7026f7a46ec",
  ],
  [
    "P08",
    "# note\n\n[Service]\n\n; note\nExecStart=/srv/run\n\n",
    [["Service", "ExecStart", "/srv/run"]],
    "cdad2a27e21536da4d6a3ae86359a7026f7a46ec",
  ],
  [
    "P09",
    "  [Service]\n   ExecStart  =  /srv/run  \n",
    [["Service", "ExecStart", "/srv/run"]],
    "cdad2a27e21536da4d6a3ae86359a7026f7a46ec",
  ],
  [
    "P10",
    "[Service]\r\nExecStart=/srv/run\r\n",
    [["Service", "ExecStart", "/srv/run"]],
    "cdad2a27e21536da4d6a3ae86359a7026f7a46ec",
  ],
  [
    "P11",
    "\ufeff[Service]\nExecStart=/srv/run\n",
    [["Service", "ExecStart", "/srv/run"]],
    "cdad2a27e21536da4d6a3ae86359a7026f7a46ec",
  ],
  [
    "P12",
    "[Service]\n\ufeffExecStart=/srv/run\n",
    [["Service", "\ufeffExecStart", "/srv/run"]],
    "2cf81b2d3ce891a776ae6f739cd1e9aa2d31584d",
  ],
  [
    "P13",
    "[Service]\nExecStart=/srv/run   --flag\n",
    [["Service", "ExecStart", "/srv/run   --flag"]],
    "963a692a235bcfabd7eb34ca07c3126ff6041d62",
  ],
  [
    "P14",
    "[Service]\nExecStart=/srv/run # x ; y\n",
    [["Service", "ExecStart", "/srv/run # x ; y"]],
    "c6fc37efc862e0dca9320fc1dc40c943a1cda097",
  ],
  [
    "P15",
    "[Service]\nExecStart=\"/srv/my run\" 'a'\n",
    [["Service", "ExecStart", "\"/srv/my run\" 'a'"]],
    "75338354f87e0ceff552c779efd3845e7590b29d",
  ],
  [
    "P16",
    "[Service]\nEnvironment=A=1=2\n",
    [["Service", "Environment", "A=1=2"]],
    "c64a865ba38cda873a02182a8c7168a0fa07eb0f",
  ],
  [
    "P17",
    "[Service]\nExecStart=\nExecStart=/srv/run\n",
    [
      ["Service", "ExecStart", ""],
      ["Service", "ExecStart", "/srv/run"],
    ],
    "c038846f3a591c6a8ac45d826a041dfe2c75b23b",
  ],
  [
    "P18",
    "[Service]\nB=2\nA=1\nB=3\n",
    [
      ["Service", "B", "2"],
      ["Service", "A", "1"],
      ["Service", "B", "3"],
    ],
    "eeadff7dad67b0cdeb8db4640d86db5b8fe2bea4",
  ],
  [
    "P19",
    "[Unit]\nA=1\n[Service]\nB=2\n[Unit]\nC=3\n",
    [
      ["Unit", "A", "1"],
      ["Service", "B", "2"],
      ["Unit", "C", "3"],
    ],
    "1fc61d982cf96334c30d18a4224257e360f96d35",
  ],
  [
    "P20",
    "[Service]\nExecStart=/srv/run \\\n  --a \\\n  --b\n",
    [["Service", "ExecStart", "/srv/run \\\n  --a \\\n  --b"]],
    "6685a4f2284dfe591102a854470bb6ba51273157",
  ],
  [
    "P21",
    "[Service]\nExecStart=\\\n/srv/run\n",
    [["Service", "ExecStart", "\\\n/srv/run"]],
    "b91b35d231421c02d652eca2a1b5514dcb74d595",
  ],
  [
    "P22",
    "[Service]\nExecStart=/srv/run \\\n\nType=simple\n",
    [
      ["Service", "ExecStart", "/srv/run \\\n"],
      ["Service", "Type", "simple"],
    ],
    "be70c5b213d041b2229b5bbbad60cb93752e9055",
  ],
  [
    "P23",
    "[Service]\nExecStart=/srv/run \\",
    [["Service", "ExecStart", "/srv/run \\"]],
    "afcd688812b5d6cb470f6c84a21e3a4f60db468e",
  ],
  [
    "P24",
    "[Service]\nExecStart=/srv/run \\\n[Install]\nWantedBy=x.target\n",
    [
      ["Service", "ExecStart", "/srv/run \\\n[Install]"],
      ["Service", "WantedBy", "x.target"],
    ],
    "85d6183aae6c99d87b4e05258a1f4ba66568fc1d",
  ],
  [
    "P26",
    "[Service]\nExecStart=/srv/run \\\n# c=1\nType=simple\n",
    [
      ["Service", "ExecStart", "/srv/run \\\n# c=1"],
      ["Service", "Type", "simple"],
    ],
    "3817ab60d82c0517b41a1fa200b54181ac3ecb59",
  ],
  [
    "P27",
    "[Service]\nExecStart=/srv/run \\ \nType=simple\n",
    [
      ["Service", "ExecStart", "/srv/run \\"],
      ["Service", "Type", "simple"],
    ],
    "0cb719ae8c868e742b5fb5ea082abbce025eb287",
  ],
  [
    "P28",
    "[Service]\nExecStart=/srv/run \\\\\nType=simple\n",
    [["Service", "ExecStart", "/srv/run \\\\\nType=simple"]],
    "3df1f32c76338ba55b6026f2bf16a04386e6e7dc",
  ],
  [
    "P30",
    "[Service]\n# c \\\nExecStart=/srv/hidden\nType=simple\n",
    [["Service", "Type", "simple"]],
    "f4be4a46a57928cca61fc5623b03f05e8e6d4395",
  ],
  [
    "P31",
    "[Service]\n# c \\ \nExecStart=/srv/hidden\nType=simple\n",
    [["Service", "Type", "simple"]],
    "f4be4a46a57928cca61fc5623b03f05e8e6d4395",
  ],
  ["P34", "[Service]\n=x\n", [["Service", "", "x"]], "478873d29e4b1cb6850d842d2a9cf2248b9aa038"],
  ["P35", "[Service]\nMy Key=1\n", [["Service", "My Key", "1"]], "54abbd4e8c84bc970a5bcb0fe80ddf832ff6232b"],
  ["P39", "[Serv\nice]\nA=1\n", [["Serv\nice", "A", "1"]], "68ea7b51b66c4d273ae422224afda3b2488f10f8"],
  ["P40", "[]\nA=1\n", [["", "A", "1"]], "1ea29d09aec524a722f2ce730e8395a1e6a94a8e"],
  ["P41", "[ Service ]\nA=1\n", [[" Service ", "A", "1"]], "729562b0027780b0931ce36fdeac0f08242bafb2"],
  ["P43", "#[Bad]\n[Service]\nA=1\n", [["Service", "A", "1"]], "96f6033bbf4a44ade2ccd7188b933499bdcd8f62"],
  [
    "P44",
    "[Service]\nA=b\u0000c\n",
    [["Service", "A", "b\u0000c"]],
    "58f8d446ce87a309d883efccc5ef776c6f085798",
  ],
  [
    "P45",
    "[Unit]\nDescription=gr\u00fc\u00df\n",
    [["Unit", "Description", "gr\u00fc\u00df"]],
    "ada7f5db0bf55b5cc9836fcbe6b31a9a0c8186ce",
  ],
  [
    "P46",
    "[Service]\n\u00a0A\u00a0=\u00a0b\u00a0\n",
    [["Service", "A", "b"]],
    "09bc49de4b62ab233087161d26cc9162bbb5fd36",
  ],
  [
    "P47",
    "[x-fleet]\nMachineID=a\n",
    [["x-fleet", "MachineID", "a"]],
    "189a353c21914d2de1c9db2f6d6980669b7f8208",
  ],
];

const unreadable: readonly (readonly [id: string, text: string, message: string])[] = [
  [
    "P25",
    "[Service]\nExecStart=/srv/run \\\n# c\n  --a\n",
    "unexpected newline encountered while parsing option name",
  ],
  [
    "P29",
    "[Service]\r\nExecStart=/srv/run \\\r\n  --a\r\n",
    "unexpected newline encountered while parsing option name",
  ],
  ["P32", "[Service]\nExecStart /srv/run\n", "unexpected newline encountered while parsing option name"],
  ["P33", "[Service]\nExecStart", "EOF"],
  ["P36", "[Service] x\nA=1\n", "found garbage after section name : [120]"],
  ["P37", "[Service]A=1\n", "found garbage after section name : [65 61 49]"],
  ["P38", "[Service\nA=1\n", "unable to find end of section"],
  ["P42", "x[1]=y\n[Service]\nA=1\n", "found garbage after section name : [61 121]"],
];

const options = (triples: readonly Triple[]): readonly UnitOption[] =>
  triples.map(([section, name, value]) => ({ section, name, value }));

function failureOf(text: string): UnitFileError {
  try {
    parseUnitFile(text);
  } catch (error) {
    if (error instanceof UnitFileError) return error;
    throw error;
  }
  throw new Error("the text was read without an error");
}

describe("parseUnitFile reads what the original reads", () => {
  test.each(readable)("%s %j", (_id, text, triples, hash) => {
    expect(parseUnitFile(text)).toEqual(options(triples));
    expect(unitHash(parseUnitFile(text))).toBe(hash);
  });

  test.each(unreadable)("%s %j", (_id, text, message) => {
    expect(failureOf(text)).toBeInstanceOf(FleetError);
    expect(failureOf(text)).toMatchObject({ code: "invalid-argument", message });
  });
});

describe("an error says where and what", () => {
  test.each([
    ["[Service]\nExecStart /srv/run\n", 2, 19, '"=" after the option name "ExecStart /srv/run"'],
    ["[Service]\r\n\r\n  oops\r\n", 3, 7, '"=" after the option name "oops"'],
    ["# c\n[Service]\nExecStart", 3, 10, '"=" after the option name "ExecStart"'],
    ["\n[Service]  x\n", 2, 12, "nothing after the section header on its line"],
    ["[A]\nB=1\n\u{1f600}[C\n", 3, 4, '"=" after the option name "\u{1f600}[C"'],
    ["[A]\nB=1\n [C\nD=1", 3, 2, '"]" to end the section header'],
  ])("%j", (text, line, column, expected) => {
    expect(failureOf(text)).toMatchObject({
      line,
      column,
      expected,
      hint: `line ${line}, column ${column}: expected ${expected}`,
    });
  });
});

describe("the line limit", () => {
  const limit = 1024 * 1024;

  test("holds for each physical line, whatever stands before it", () => {
    expect(parseUnitFile(`[A]\nB=${"x".repeat(limit - 2)}\n`)).toHaveLength(1);
    for (const before of ["", "#\n", `# ${"y".repeat(5000)}\n`]) {
      const error = failureOf(`${before}[A]\nB=${"x".repeat(limit - 1)}\n`);
      expect(error.message).toBe("line too long (max 1048576 bytes)");
      expect(error.line).toBe(before === "" ? 2 : 3);
    }
  });

  test("counts bytes, and also comments and last lines", () => {
    expect(failureOf(`[A]\nB=${"\u00fc".repeat(limit / 2)}`).message).toContain("line too long");
    expect(failureOf(`# ${"x".repeat(limit)}`).message).toContain("line too long");
  });
});

describe("serializeUnitFile", () => {
  test("gathers sections in order of first appearance, an empty line between them", () => {
    const text = serializeUnitFile(
      options([
        ["Unit", "A", "1"],
        ["Service", "B", "2"],
        ["Unit", "C", "3"],
      ]),
    );
    expect(text).toBe("[Unit]\nA=1\nC=3\n\n[Service]\nB=2\n");
    expect(serializeUnitFile([])).toBe("");
  });
});
