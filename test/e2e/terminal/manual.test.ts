// The manual pages as people read them: one for each command, shown without a complaint, with all that --help has.

import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkout } from "../../support/fleet.js";
import { installTerminals } from "../../support/terminal.js";

const fleetctl = (...args: readonly string[]) =>
  execFileSync(`${checkout}/bin/fleetctl`, args, { encoding: "utf8" });
const commands = /\nCOMMANDS:\n(.*?)\n\n/s
  .exec(fleetctl("help"))?.[1]
  ?.split("\n")
  .map((line) => line.trim().split("\t")[0] ?? "");
const directory = mkdtempSync(join(tmpdir(), "fleet-man-"));

beforeAll(() => {
  installTerminals();
  execFileSync(process.execPath, [`${checkout}/scripts/man.mjs`, directory]);
}, 240_000);
afterAll(() => rmSync(directory, { recursive: true }));

/** A page in plain lines, and what the program that shows it complains of. */
function show(page: string): { readonly text: string; readonly complaints: string } {
  const file = join(directory, page);
  const { stdout, stderr } = spawnSync("groff", ["-man", "-Tutf8", "-P-cbou", "-ww", "-rLL=78n", file], {
    encoding: "utf8",
  });
  return { text: stdout, complaints: stderr };
}

it("are there for the program and for each of its commands", () => {
  const pages = ["fleetctl.1", ...(commands ?? []).map((name) => `fleetctl-${name}.1`)];
  expect(pages.length).toBeGreaterThan(20);
  expect(readdirSync(directory).sort()).toEqual(pages.sort());
});

describe.each(["", ...(commands ?? [])])("fleetctl %s", (name) => {
  it("is shown without a complaint, in the width of a page", () => {
    const { complaints, text } = show(name === "" ? "fleetctl.1" : `fleetctl-${name}.1`);
    expect(complaints).toBe("");
    // Examples are never folded.
    const lines = text.split("\n").filter((line) => !/^ {11}/.test(line));
    expect(lines.filter((line) => line.length > 78)).toEqual([]);
  });

  it("has the flags of --help, as they are typed", () => {
    const { text } = show(name === "" ? "fleetctl.1" : `fleetctl-${name}.1`);
    const page = name === "" ? fleetctl("--help") : fleetctl(name, "--help");
    const flags = [...page.matchAll(/^\t(?:-\w, )?(--[\w-]+)/gm)].map(([, flag]) => flag);
    expect(flags).not.toEqual([]);
    expect(flags.filter((flag) => !text.includes(flag ?? ""))).toEqual([]);
  });
});
