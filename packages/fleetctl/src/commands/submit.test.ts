import { FleetError } from "@fleet/core";
import { describe, expect, it } from "vitest";
import { createCliHarness, withoutV2 } from "../testing/cli-harness.js";

const unit = (description: string) =>
  `[Unit]\nDescription=${description}\n\n[Service]\nExecStart=/bin/true\n`;
const ok = (stdout = "", stderr = "") => ({ code: 0, stdout, stderr });
const failed = (stderr: string) => ({ code: 1, stdout: "", stderr });

describe.each(["v2", "v1"])("submit, to a server with %s", (api) => {
  const create = () => (api === "v2" ? createCliHarness() : createCliHarness(withoutV2));

  it("creates once, and is silent about what is there", async () => {
    const { files, run } = create();
    files.set("hello.service", unit("one"));
    expect(await run("submit hello.service")).toEqual(ok("Unit hello.service inactive\n"));
    expect(await run("submit hello.service")).toEqual(ok());
    expect(await run("submit hello")).toEqual(ok());
  });

  it("warns when the file says something else", async () => {
    const { files, run } = create();
    files.set("dir/hello.service", unit("one"));
    await run("submit dir/hello");
    files.set("dir/hello.service", `# only a comment\n${unit("one")}`);
    expect(await run("submit dir/hello")).toEqual(ok());
    files.set("dir/hello.service", unit("two"));
    expect(await run("submit dir/hello")).toEqual(
      ok(
        "",
        "WARNING: Unit hello.service in registry differs from local unit file dir/hello.service. Add --replace to override.\n",
      ),
    );
  });

  it("makes instances of templates, in the cluster before local ones", async () => {
    const { files, run } = create();
    files.set("hello@.service", unit("local"));
    expect(await run("submit hello@1")).toEqual(ok("Unit hello@1.service inactive\n"));
    await run("submit hello@.service");
    files.set("hello@.service", unit("changed"));
    expect(await run("submit hello@2")).toEqual(
      ok(
        "Unit hello@2.service inactive\n",
        "WARNING: Unit hello@.service in registry differs from local template unit file hello@.service. Add --replace to override.\n",
      ),
    );
    expect((await run("cat hello@2")).stdout).toBe(unit("local"));
    expect(await run("submit hello@2")).toEqual(
      ok(
        "",
        "WARNING: Unit hello@2.service in registry differs from local template unit file hello@.service. Add --replace to override.\n",
      ),
    );
  });

  it("replaces on request", async () => {
    const { files, run } = create();
    files.set("hello.service", unit("one"));
    await run("submit hello");
    expect(await run("submit --replace hello")).toEqual(
      ok("Found same Unit(hello.service) in Registry, nothing to do\n"),
    );
    files.set("hello.service", unit("two"));
    expect(await run("submit --replace hello")).toEqual(ok("Unit hello.service inactive\n"));
    expect((await run("cat hello")).stdout).toBe(unit("two"));
  });

  it("replaces an instance with its changed local template", async () => {
    const { files, run } = create();
    files.set("hello@.service", unit("one"));
    await run("submit hello@1");
    files.set("hello@.service", unit("two"));
    expect(await run("submit --replace hello@1")).toEqual(ok("Unit hello@1.service inactive\n"));
    expect((await run("cat hello@1")).stdout).toBe(unit("two"));
  });

  it("does not replace what is wanted on a machine", async () => {
    const { files, run } = create();
    files.set("hello.service", unit("one"));
    await run("load hello");
    files.set("hello.service", unit("two"));
    expect(await run("submit --replace hello")).toEqual(
      ok("", "Warning: can not replace Unit(hello.service) in state 'loaded', use the appropriate command\n"),
    );
  });
});

describe("submit", () => {
  it("keeps the exact text", async () => {
    const { files, run } = createCliHarness();
    const text = "# comment\r\n[Service]\nExecStart=/bin/true   \n\n[Service]\n; more\nType=simple";
    files.set("a.service", text);
    await run("submit a");
    expect((await run("cat a")).stdout).toBe(text);
  });

  const bad: readonly (readonly [name: string, content: string | Uint8Array | undefined, stderr: string])[] =
    [
      [
        "nosuch",
        undefined,
        "Error creating units: unable to find Unit(nosuch.service) in Registry or on filesystem\nHint: there is no file nosuch.service, and the cluster has no such unit\n",
      ],
      [
        "nosuch@1",
        undefined,
        "Error creating units: failed getting Unit(nosuch@1.service) from template: unable to find template Unit(nosuch@.service) in Registry or on filesystem\nHint: there is neither a file nosuch@1.service nor a template for it\n",
      ],
      [
        "combo.service",
        "[X-Fleet]\nGlobal=true\nMachineOf=a.service\n",
        "Error creating units: Global cannot be used with Peers\nHint: in unit combo.service\n",
      ],
      [
        "units/combo.service",
        "[X-Fleet]\nGlobal=true\nMachineOf=a.service\n",
        "Error creating units: Global cannot be used with Peers\nHint: in unit combo.service, read from units/combo.service\n",
      ],
      [
        "broken.service",
        "[Unit]\nDescription=x\n[Service\n",
        'Error creating units: failed getting Unit(broken.service) from file: unable to find end of section\nHint: broken.service:3:1: expected "]" to end the section header\n',
      ],
      [
        "latin1.service",
        Buffer.from("[Unit]\n# caf\xe9\nDescription=x\n", "latin1"),
        "Error creating units: failed getting Unit(latin1.service) from file: invalid UTF-8\nHint: latin1.service:2:6: expected UTF-8, which byte e9 is not part of (is the file in another encoding?)\n",
      ],
      [
        "dir.service",
        "<directory>",
        "Error creating units: failed getting Unit(dir.service) from file: read dir.service: is a directory\n",
      ],
      [
        "empty.service",
        "# nothing\n",
        "Error creating units: failed creating unit empty.service: unit does not exist and options field empty\nHint: a unit file needs at least one option in a section\n",
      ],
      [
        "b{1.service",
        unit("x"),
        "Error creating units: invalid character '{' in unit name\nHint: in unit b{1.service\n",
      ],
    ];
  it.each(bad)("refuses %s, and submits nothing of the batch", async (name, text, stderr) => {
    const { api, files, run } = createCliHarness();
    files.set("good.service", unit("good"));
    if (text !== undefined) files.set(name, text);
    expect(await run(`submit good ${name}`)).toEqual(failed(stderr));
    expect([...api.cluster.units.keys()]).toEqual([]);
  });

  it("names the template's file that an instance is refused for", async () => {
    const { files, run } = createCliHarness();
    files.set("sub/w@.service", "[X-Fleet]\nGlobal=true\nMachineOf=a.service\n");
    files.set("sub/empty.service", "");
    expect((await run("submit sub/w@1")).stderr).toContain(
      "Hint: in unit w@1.service, read from sub/w@.service\n",
    );
    expect((await run("submit sub/empty")).stderr).toContain("in a section, read from sub/empty.service\n");
  });

  it.each([
    ["a", "a.service"],
    ["sub/a", "sub/a.service"],
    ["sub/a@1", "sub/a@1.service"],
    ["--replace a", "a.service"],
  ])("names the file that %s means", async (words, path) => {
    const { files, run } = createCliHarness();
    if (words.startsWith("--replace")) {
      files.set("a.service", unit("a"));
      await run("submit a");
    }
    files.set(path, "[Unit");
    const { stderr } = await run(`submit ${words}`);
    expect(stderr).toMatch(`Error creating units: failed getting Unit(${path}) from file: unable to find`);
  });

  it("tells of every bad unit of a batch", async () => {
    const { files, run } = createCliHarness();
    files.set("a.service", "[Unit\n");
    const { stderr } = await run("submit a b");
    expect(stderr.match(/^Error creating units: /gm)).toHaveLength(2);
  });

  it("warns of keys that it does not know", async () => {
    const { files, run } = createCliHarness();
    files.set("a.service", `${unit("x")}\n[X-Fleet]\nConflict=b.service\nBogusKey=1\n`);
    const { code, stdout, stderr } = await run("submit a");
    expect([code, stdout]).toEqual([0, "Unit a.service inactive\n"]);
    expect(stderr).toBe(
      'WARNING: Unit a.service: unrecognized requirement in [X-Fleet] section: "Conflict" (did you mean "Conflicts"?)\n' +
        'WARNING: Unit a.service: unrecognized requirement in [X-Fleet] section: "BogusKey"\n',
    );
  });

  it("says what the server said", async () => {
    const { api, files, run } = createCliHarness();
    files.set("a.service", unit("x"));
    api.cluster.writeFailure = new FleetError("conflict", "unit a.service is being looked at", {
      hint: "look away",
    });
    expect(await run("submit a")).toEqual(
      failed(
        "Error creating units: failed creating unit a.service: googleapi: Error 409: unit a.service is being looked at\nHint: look away\n",
      ),
    );
  });
});

describe("cat", () => {
  it("tells of a unit that is not there", async () => {
    expect(await createCliHarness().run("cat glob")).toEqual(failed("Unit glob.service not found\n"));
  });

  it("prints the canonical text of a server that has no other", async () => {
    const { files, run } = createCliHarness(withoutV2);
    files.set("a.service", `# comment\n${unit("x")}`);
    await run("submit a");
    expect(await run("cat a")).toEqual(ok(unit("x")));
  });
});
