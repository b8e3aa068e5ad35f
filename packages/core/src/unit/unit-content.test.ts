import { describe, expect, test } from "vitest";
import {
  hasInstallSection,
  unitContentFromOptions,
  unitContentFromText,
  unitDescription,
} from "./unit-content.js";
import { UnitFileError } from "./unit-file.js";

const canonical = "[Service]\nExecStart=/srv/run\n";
const hash = "cdad2a27e21536da4d6a3ae86359a7026f7a46ec";

describe("unit content", () => {
  test("keeps the text, and hashes options and text apart", () => {
    const text = "# note\n\n[Service]\nExecStart = /srv/run\n";
    const content = unitContentFromText(text);
    expect(content.text).toBe(text);
    expect(content.hash).toBe(hash);
    expect(content.contentId).toMatch(/^[0-9a-f]{64}$/);
    expect(content.contentId).not.toBe(unitContentFromText(canonical).contentId);
  });

  test("made of options is the same as made of their canonical text", () => {
    const options = [{ section: "Service", name: "ExecStart", value: "/srv/run" }];
    expect(unitContentFromOptions(options)).toEqual(unitContentFromText(canonical));
  });

  test("of an empty text is empty, and known by the hashes of nothing", () => {
    expect(unitContentFromText("")).toEqual({
      text: "",
      options: [],
      hash: "da39a3ee5e6b4b0d3255bfef95601890afd80709",
      contentId: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    });
  });

  test("of an unreadable text is an error", () => {
    expect(() => unitContentFromText("[Service]\nExecStart\n")).toThrow(UnitFileError);
  });
});

describe("what listings want to know", () => {
  test("the description is the first in section Unit", () => {
    const { options } = unitContentFromText(
      "[Service]\nDescription=no\n[Unit]\nDescription=yes\nDescription=later\n",
    );
    expect(unitDescription(options)).toBe("yes");
    expect(unitDescription([])).toBe("");
  });

  test("an empty [Install] does not make a unit installable", () => {
    expect(hasInstallSection(unitContentFromText("[Install]\n[Service]\nA=1\n").options)).toBe(false);
    expect(hasInstallSection(unitContentFromText("[Install]\nWantedBy=x.target\n").options)).toBe(true);
  });
});
