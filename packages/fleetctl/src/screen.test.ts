import { describe, expect, it } from "vitest";
import { createScreen, cutOff } from "./screen.js";

const erase = "\r\u001b[K\u001b7\u001b[B\u001b[J\u001b8";

function createRecorder(columns = 40, hasColour = false) {
  const log: string[] = [];
  const screen = createScreen(
    { write: (text) => log.push(`out ${text}`) },
    { write: (text) => log.push(`err ${text}`) },
    { columns: () => columns, hasColour },
  );
  return { ...screen, log };
}

describe("the status line", () => {
  it("is replaced in place, makes way for text, and leaves nothing behind", () => {
    const { stdout, stderr, log } = createRecorder();
    stdout.write("a\n");
    stderr.status?.("one");
    stderr.status?.("two");
    stdout.write("b\n");
    stderr.write("c\n");
    stderr.status?.(undefined);
    stderr.status?.(undefined);
    stdout.write("d\n");
    expect(log).toEqual([
      "out a\n",
      "err one\r",
      `err ${erase}`,
      "err two\r",
      `err ${erase}`,
      "out b\n",
      "err two\r",
      `err ${erase}`,
      "err c\n",
      "err two\r",
      `err ${erase}`,
      "out d\n",
    ]);
  });

  it("does not come back into the middle of a line", () => {
    const { stdout, stderr, log } = createRecorder();
    stderr.status?.("one");
    stdout.write("half");
    stdout.write(" a line\n");
    expect(log).toEqual(["err one\r", `err ${erase}`, "out half", "out  a line\n"]);
  });

  it("is one cell shorter than the window, and is one line", () => {
    const { stderr, log } = createRecorder(10);
    stderr.status?.("0123456789");
    stderr.status?.("a\nb\u001b[1m");
    expect(log).toEqual(["err 012345...\r", `err ${erase}`, "err a b [1m\r"]);
  });

  it("is dim where colour is welcome", () => {
    const { stderr, log } = createRecorder(40, true);
    stderr.status?.("one");
    expect(log).toEqual(["err \u001b[2mone\u001b[22m\r"]);
  });

  it("is not there without a terminal", () => {
    const stderr = { write: () => undefined };
    expect(createScreen(stderr, stderr, undefined).stderr).toBe(stderr);
  });
});

describe("cutOff", () => {
  it.each<[string, number, string]>([
    ["short", 5, "short"],
    ["longer", 5, "lo..."],
    ["longer", 3, "..."],
    ["longer", 1, "."],
    ["longer", 0, ""],
    ["longer", -1, ""],
    ["漢字漢字", 8, "漢字漢字"],
    ["漢字漢字", 7, "漢字..."],
    ["😀😀😀", 5, "😀..."],
  ])("%s to %s", (text, width, expected) => {
    expect(cutOff(text, width)).toBe(expected);
  });
});
