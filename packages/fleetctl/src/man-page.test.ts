import { describe, expect, it } from "vitest";
import { commands } from "./commands/all.js";
import { createCliHarness } from "./testing/cli-harness.js";

const { run } = createCliHarness();

describe("manual pages", () => {
  it("have the commands, and their own sections", async () => {
    const { code, stdout } = await run("help --man");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\.TH FLEETCTL 1 /);
    for (const { name } of commands)
      expect(stdout).toContain(`fleetctl\\-${name.replaceAll("-", "\\-")}\\fR(1)`);
  });

  it.each(commands.map(({ name }) => name))("there is one of %s", async (name) => {
    const { stdout } = await run(`help --man ${name}`);
    expect(stdout.startsWith(`.TH FLEETCTL\\-${name.toUpperCase().replaceAll("-", "\\-")} 1 `)).toBe(true);
    for (const title of ["NAME", "SYNOPSIS", "DESCRIPTION", "EXAMPLES", "GLOBAL OPTIONS", "EXIT STATUS"]) {
      expect(stdout).toContain(`\n.SH ${title}\n`);
    }
    // What roff would take for a request, or for an escape it does not know.
    const odd = stdout
      .split("\n")
      .filter((line) => /^'|^\.(?!TH |nh$|ad l$|SH |TP$|PP$|RS 4$|RE$|EX$|EE$)/.test(line));
    expect(odd).toEqual([]);
    expect(stdout.replaceAll(/\\(?:f[BR]|[e&-]|\((?:ha|ti|aq))/g, "")).not.toContain("\\");
  });

  it("take away the meaning of signs", async () => {
    expect((await run("help --man cat")).stdout).toContain("fleetctl cat \\(aqweb@*\\(aq");
  });
});
