import { describe, expect, it } from "vitest";
import { helpText, parseArguments } from "./arguments.js";

describe("parseArguments", () => {
  const accepted: readonly [argv: string[], expected: object][] = [
    [[], { action: "run", config: undefined }],
    [["--config", "/f"], { action: "run", config: "/f" }],
    [["-config=/f"], { action: "run", config: "/f" }],
    [["--check", "--config=/f"], { action: "check", config: "/f" }],
    [["version"], { action: "version", config: undefined }],
    [["-h"], { action: "help", config: undefined }],
  ];
  it.each(accepted)("%j", (argv, expected) => expect(parseArguments(argv)).toEqual(expected));

  const refused: readonly [argv: string[], message: string][] = [
    [["--config"], "--config needs a file"],
    [["--confg", "/f"], "unknown flag --confg"],
    [["list-units"], "did you mean fleetctl list-units?"],
  ];
  it.each(refused)("%j", (argv, message) => expect(() => parseArguments(argv)).toThrow(message));
});

it("documents every option", () => expect(helpText()).toContain("mass_loss_hold"));
