import { describe, expect, test } from "vitest";
import { help, parseSeedArguments } from "./main.js";
import { mirrorIn } from "./mirror.js";
import { unitIn } from "./quadlet.js";

describe("the mirror of Debian", () => {
  test("is the one of Debian itself, without its last slash", () => {
    const listed = [
      "Others|Debian|http://other.example/debian/",
      "Debian|Debian-Security|http://mirror.example/debian-security/",
      "Debian|Debian|http://mirror.example/debian/",
      "Debian|Debian|http://second.example/debian/",
    ];
    expect(mirrorIn(listed.join("\n"))).toBe("http://mirror.example/debian");
  });

  test.each(["", "\n", "Ubuntu|Ubuntu|http://mirror.example/ubuntu/", "Debian|Debian|"])(
    "is not known from %j",
    (listed) => expect(mirrorIn(listed)).toBeUndefined(),
  );
});

describe("the command line", () => {
  test("has defaults", () => {
    expect(parseSeedArguments([])).toEqual({
      json: false,
      treeOnly: false,
      mirror: undefined,
      olderMirror: undefined,
      cache: undefined,
    });
  });

  test("names mirrors and a cache", () => {
    const words = ["--mirror", "http://a.example/debian", "--cache", "/var/cache/x", "--json"];
    expect(parseSeedArguments(words)).toMatchObject({
      json: true,
      mirror: "http://a.example/debian",
      cache: "/var/cache/x",
    });
  });

  test.each([
    [["--mirror", "a.example"]],
    [["--older-mirror", ""]],
    [["--cache", "x"]],
    [["more"]],
    [["--what"]],
  ])("refuses %j", (words) => expect(parseSeedArguments(words)).toMatch(/./));

  test("has help, which names each flag", () => {
    expect(parseSeedArguments(["--help"])).toBe("");
    for (const flag of ["--json", "--tree", "--mirror", "--older-mirror", "--cache"])
      expect(help()).toContain(`  ${flag} `);
  });
});

describe("a unit from a Quadlet file", () => {
  test("is what is printed of it, without the path of its file", () => {
    const printed =
      "---web.service---\n[Unit]\nSourcePath=/x/web.container\n[Service]\nExecStart=/bin/true\n";
    expect(unitIn(printed)).toBe("[Unit]\n[Service]\nExecStart=/bin/true\n");
  });
});
