import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { runCli } from "./cli.js";
import { createClock } from "./clock.js";
import { commands } from "./commands/all.js";
import { createCliHarness } from "./testing/cli-harness.js";
import { FakePrograms } from "./testing/fake-programs.js";
import { version } from "./version.js";

describe("fleetctl", () => {
  it("has the version of its package", () => {
    const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
    expect(JSON.parse(text).version).toBe(version);
  });

  it.each(["--version", "-v", "version", "list-units --version"])("%s prints the version", async (line) => {
    expect(await createCliHarness().run(line)).toEqual({
      code: 0,
      stdout: `fleetctl version ${version}\n`,
      stderr: "",
    });
  });

  it("shows one page for all ways to ask", async () => {
    const { run } = createCliHarness();
    const pages = await Promise.all(["", "help", "--help", "-h", "--h"].map(run));
    expect(new Set(pages.map(({ stdout }) => stdout)).size).toBe(1);
    expect(pages[0]).toMatchObject({ code: 0, stderr: "" });
    for (const title of ["NAME", "USAGE", "VERSION", "COMMANDS", "EXAMPLES", "OPTIONS"]) {
      expect(pages[0]?.stdout).toContain(`${title}:\n\t`);
    }
    for (const { name } of commands) expect(pages[0]?.stdout).toContain(`\t${name}\t`);
  });

  it.each(commands.map(({ name }) => name))("has a page for %s", async (name) => {
    const { run } = createCliHarness();
    const pages = await Promise.all([`help ${name}`, `${name} --help`, `${name} -h`, `--h ${name}`].map(run));
    expect(new Set(pages.map(({ stdout }) => stdout)).size).toBe(1);
    expect(pages[0]).toMatchObject({ code: 0, stderr: "" });
    expect(pages[0]?.stdout).toMatch(
      new RegExp(`^NAME:\\n\\t${name} - .+\\n\\nUSAGE:\\n\\tfleetctl ${name}`),
    );
    expect(pages[0]?.stdout).toContain("\n\nEXAMPLES:\n\t# ");
    expect(pages[0]?.stdout).toContain("\n\nGLOBAL OPTIONS:\n\t--endpoint");
  });

  it.each([
    ["nosuch", 'Error: unknown command "nosuch" for "fleetctl"\nRun \'fleetctl --help\' for usage.\n'],
    [
      "list",
      'Error: unknown command "list" for "fleetctl"\n\nDid you mean this?\n\tlist-machines\n\tlist-unit-files\n\tlist-units\n\nRun \'fleetctl --help\' for usage.\n',
    ],
    ["list-units --legnd", "Error: unknown flag: --legnd\nRun 'fleetctl list-units --help' for its flags.\n"],
    [
      "help strat",
      "Unknown help topic [`strat`].\n\nDid you mean this?\n\tstart\n\nRun 'fleetctl help' for a list.\n",
    ],
    ["start", "No units given\nUsage: fleetctl start UNIT...\n"],
    ["submit", "No units given\nUsage: fleetctl submit UNIT...\n"],
    ["load", "No units given\nUsage: fleetctl load UNIT...\n"],
    ["stop", "No units given\nUsage: fleetctl stop UNIT...\n"],
    ["unload", "No units given\nUsage: fleetctl unload UNIT...\n"],
    ["destroy", "No units given\nUsage: fleetctl destroy UNIT...\n"],
    ["cat", "One unit file must be provided\nUsage: fleetctl cat UNIT\n"],
    ["cat a b", "One unit file must be provided\nUsage: fleetctl cat UNIT\n"],
    [
      "list-units --fields=",
      "Must define output format\nThe fields are unit, load, active, sub, machine, hash\n",
    ],
    [
      "list-units --fields=unit,bogus",
      'Invalid key in output format: "bogus"\nThe fields are unit, load, active, sub, machine, hash\n',
    ],
    [
      "list-units --fields=uint",
      'Invalid key in output format: "uint"\n\nDid you mean this?\n\tunit\n\nThe fields are unit, load, active, sub, machine, hash\n',
    ],
  ])("%s is wrong usage: told once, on stderr", async (line, stderr) => {
    expect(await createCliHarness().run(line)).toEqual({ code: 2, stdout: "", stderr });
  });

  it.each([
    ["submit", "", '""'],
    ["start", "/", '"/"'],
    ["load", "{,}", '"{,}"'],
    ["stop", "", '""'],
    ["destroy", "", '""'],
    ["restart", "", '""'],
    ["status", "", '""'],
    ["cat", "//", '"//"'],
    ["journal", "", '""'],
  ])("%s %j names no unit, which needs no cluster to be told", async (command, word, shown) => {
    const { api, run } = createCliHarness();
    api.availability = { available: false };
    expect(await run([command, word])).toEqual({
      code: 2,
      stdout: "",
      stderr: `Error: ${shown} names no unit\nRun 'fleetctl ${command} --help' for its usage.\n`,
    });
  });

  it.each([
    ["--endpoint=foo", "URL scheme undefined"],
    ["--endpoint=", "URL scheme undefined"],
    ["--endpoint=unix://var/run/fleet.sock", 'unable to connect to host "var" with scheme "unix"'],
    ["--endpoint=ftp://x", 'unsupported protocol scheme "ftp"'],
    ["--ca-file=/nosuch", "open /nosuch: no such file or directory"],
    ["--cert-file=there", "tls: failed to find any PEM data in key input"],
    ["--key-file=there", "tls: failed to find any PEM data in certificate input"],
  ])("cannot begin with %s", async (flag, message) => {
    let stderr = "";
    const code = await runCli([flag, "list-units"], {
      stdout: { write: () => undefined },
      stderr: {
        write: (text) => {
          stderr += text;
        },
      },
      clock: createClock(),
      signal: new AbortController().signal,
      environment: {},
      programs: new FakePrograms(),
      readFile: async (path) => {
        if (path === "there") return Buffer.from("PEM");
        throw Object.assign(new Error(path), { code: "ENOENT" });
      },
    });
    expect([code, stderr.split("\n")[0]]).toEqual([1, `Unable to initialize client: ${message}`]);
  });

  it("traces requests with --debug", async () => {
    const { stderr } = await createCliHarness().run("--debug list-machines -o name");
    expect(stderr).toBe(
      "DEBUG HTTP GET memory:/fleet/v2/machines\nDEBUG HTTP GET memory:/fleet/v2/machines 200\n",
    );
  });
});

describe("flags and variables of the original's time", () => {
  const list = "list-machines --no-legend --fields=machine";
  const three = "113f16a7...\n85c0c595...\n85c0e793...\n";

  it.each([
    [
      "--experimental-api",
      "--experimental-api is deprecated and has no effect: fleetctl always uses the API",
    ],
    [
      "--experimental-api=false --experimental-api",
      "--experimental-api is deprecated and has no effect: fleetctl always uses the API",
    ],
    ["--etcd-key-prefix=/x/", "--etcd-key-prefix has no effect: fleetctl asks fleetd, not etcd"],
    ["--etcd-cafile=ca.pem", "--etcd-cafile is deprecated; its name is --ca-file now"],
    ["--driver=API", undefined],
  ])("%s is taken", async (flags, warning) => {
    expect(await createCliHarness().run(`${flags} ${list}`)).toEqual({
      code: 0,
      stdout: three,
      stderr: warning === undefined ? "" : `WARNING: ${warning}\n`,
    });
  });

  it("are taken from the environment without a word", async () => {
    const { environment, run } = createCliHarness();
    Object.assign(environment, {
      FLEETCTL_DRIVER: "API",
      FLEETCTL_EXPERIMENTAL_API: "true",
      FLEETCTL_ETCD_KEY_PREFIX: "/x/",
      FLEETCTL_ETCD_CAFILE: "ca.pem",
    });
    expect(await run(list)).toEqual({ code: 0, stdout: three, stderr: "" });
  });

  it.each([
    [
      "etcd",
      "there is no etcd driver any more\nHint: fleetctl asks fleetd: leave --driver out (or unset FLEETCTL_DRIVER), and let --endpoint be one of fleetd's\n",
    ],
    ["api", 'unrecognized driver "api"\n'],
  ])("--driver=%s is refused", async (driver, text) => {
    const refusal = { code: 1, stdout: "", stderr: `Unable to initialize client: ${text}` };
    expect(await createCliHarness().run(`--driver=${driver} ${list}`)).toEqual(refusal);
    const { environment, run } = createCliHarness();
    environment.FLEETCTL_DRIVER = driver;
    expect(await run(list)).toEqual(refusal);
    expect((await run("start --help")).code).toBe(0);
  });

  it.each(["submit", "load", "start"])("--sign is taken by %s", async (command) => {
    const { files, run } = createCliHarness();
    files.set("a.service", "[Service]\nExecStart=/bin/true\n");
    const { code, stderr } = await run(`${command} --sign a`);
    expect([code, stderr]).toEqual([
      0,
      "WARNING: --sign is deprecated and has no effect: there are no signed units\n",
    ]);
    expect((await run("stop --sign a")).code).toBe(2);
  });

  it("are shown nowhere", async () => {
    const { run } = createCliHarness();
    for (const line of [
      "help",
      "help start",
      "help --man",
      "help --man start",
      "completion candidates -- start --",
    ]) {
      const { code, stdout } = await run(line);
      expect([line, code]).toEqual([line, 0]);
      expect(stdout).not.toMatch(/sign|experimental|driver|etcd\\?-/);
    }
    expect((await run("list-units --drive")).stderr).not.toContain("driver");
  });
});
