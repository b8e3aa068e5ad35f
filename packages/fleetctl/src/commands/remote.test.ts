import type { Transport } from "@fleet/client";
import { describe, expect, it } from "vitest";
import { type CliHarness, createCliHarness, machineIds, withoutV2 } from "../testing/cli-harness.js";

const ssh = "-o ConnectTimeout=10";
const asked = `ssh -T -a -x -o ClearAllForwardings=yes -o RemoteCommand=none ${ssh} --`;
const unit = "[Service]\nExecStart=/bin/true\n";

async function create(version: string): Promise<CliHarness> {
  const harness = version === "v1" ? createCliHarness(withoutV2) : createCliHarness();
  for (const name of ["hello@.service", "a.service", "b.service"]) harness.files.set(name, unit);
  harness.files.set("glob.service", `${unit}[X-Fleet]\nGlobal=true\n`);
  await harness.run("submit hello@.service");
  await harness.run("start a b glob");
  return harness;
}

/** The loopback addresses of the harness make every answer end in the hint that the demo's users need. */
const simulated = expect.stringMatching(/Hint: 127\.0\.0\.\d is an address of this host itself/);

describe.each(["v2", "v1"])("status, on a server with %s", (version) => {
  it("asks systemctl where each unit is", async () => {
    const { programs, run } = await create(version);
    expect(await run("status a b")).toEqual({
      code: 0,
      stdout: `<${asked} 127.0.0.1 systemctl status -l a.service>\n\n<${asked} 127.0.0.2 systemctl status -l b.service>\n`,
      stderr: "",
    });
    expect(programs.options).toEqual([{ readsInput: false }, { readsInput: false }]);
  });

  it("shows all units, and ends with the highest status", async () => {
    const { programs, run } = await create(version);
    programs.statuses.set("systemctl status -l a.service", 3);
    const { code, stderr, stdout } = await run("status a nosuch hello@.service b");
    expect(code).toBe(3);
    expect(stdout).toContain("-l b.service>");
    expect(stderr).toMatch(
      /^Unit nosuch.service does not exist.\nUnit hello@.service does not appear to be loaded.\nHint: unit hello@.service: not placed/,
    );
  });

  it("runs systemctl itself for units of this machine", async () => {
    const { files, programs, run } = await create(version);
    files.set("/etc/machine-id", `${machineIds[0]}\n`);
    expect(await run("status a")).toEqual({
      code: 0,
      stdout: "<systemctl status -l a.service>\n",
      stderr: "",
    });
    expect(programs.options).toEqual([{ readsInput: false, environment: { SYSTEMD_PAGER: "" } }]);
    programs.statuses.set("a.service", 4);
    expect((await run("status a")).stderr).toMatch(
      /Hint: the system's manager of this machine does not know a.service; .* try systemctl --user status a.service\n$/,
    );
    programs.missing.add("systemctl");
    expect(await run("status a")).toMatchObject({
      code: 255,
      stderr: expect.stringMatching(/^Error running local command: cannot run systemctl: not installed\n/),
    });
  });

  it("shows a global unit on all of its machines, or on one", async () => {
    const { run } = await create(version);
    const { code, stderr, stdout } = await run("status glob");
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toBe(
      [1, 2, 3]
        .map(
          (host) =>
            `glob.service on ${machineIds[host - 1]?.slice(0, 8)}.../127.0.0.${host}:\n<${asked} 127.0.0.${host} systemctl status -l glob.service>\n`,
        )
        .join("\n"),
    );
    expect((await run("status glob@@85c0e")).stdout).toBe(
      `<${asked} 127.0.0.3 systemctl status -l glob.service>\n`,
    );
    expect(await run("status glob@@ffff")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("it is on no machine whose id begins with ffff"),
    });
  });

  it("passes over what a pattern matches and what is elsewhere, or nowhere", async () => {
    const { autopilot, files, run } = await create(version);
    const here = (name: string) => `<${asked} 127.0.0.1 systemctl status -l ${name}.service>\n`;
    expect(await run("status *@@113f")).toEqual({
      code: 0,
      stdout: `${here("a")}\n${here("glob")}`,
      stderr: "",
    });
    expect(await run("status [ah]*")).toEqual({ code: 0, stdout: here("a"), stderr: "" });
    // What was named is told of all the same.
    expect(await run("status [ah]* hello@.service b@@113f")).toMatchObject({
      code: 1,
      stdout: here("a"),
      stderr: expect.stringMatching(
        /^Unit hello@.service does not appear to be loaded.\nHint: .*\nUnit b.service does not .*\nHint: .*\n$/,
      ),
    });
    // So is what should be somewhere, and is not.
    autopilot.stop();
    files.set("ax.service", unit);
    await run("start --no-block ax");
    expect(await run("status [ah]*")).toMatchObject({
      code: 1,
      stdout: here("a"),
      stderr: expect.stringMatching(/^Unit ax.service does not appear to be loaded.\nHint: .*\n$/),
    });
    expect(await run("journal [ah]*")).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(" a.service "),
    });
    expect(await run("status hel*")).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^Unit hello@.service does not appear to be loaded.\n/),
    });
  });

  it("tells what the cluster knows where systemd cannot be asked", async () => {
    const { programs, run } = await create(version);
    programs.statuses.set("127.0.0.1", 255);
    const { code, stderr } = await run("status a");
    expect(code).toBe(255);
    expect(stderr).toMatch(/^Unable to SSH to remote host 113f16a7...\/127.0.0.1\n/);
    expect(stderr).toContain("unit a.service on 113f16a7.../127.0.0.1 is loaded, active (running)\n");
    expect(stderr).toEqual(simulated);
    programs.statuses.set("127.0.0.1", 4);
    expect((await run("status a")).stderr).toMatch(/^The cluster knows: unit a.service .*\nHint: 127/);
  });

  it("says so if the machine is gone", async () => {
    const { api, autopilot, run } = await create(version);
    autopilot.stop();
    api.cluster.loseMachine(machineIds[0]);
    const { code, stderr } = await run("status a");
    expect(code).toBe(1);
    expect(stderr).toMatch(/^Unit a.service does not appear to be loaded.\nHint: unit a.service: /);
  });

  it("fails if a machine that has the unit is not listed, as during its loss", async () => {
    const wrap = (transport: Transport): Transport => ({
      ...transport,
      request: async (request, signal) =>
        request.path.startsWith("/fleet/v1/machines")
          ? { status: 200, headers: {}, body: "{}" }
          : transport.request(request, signal),
    });
    const harness = createCliHarness(version === "v1" ? (plain) => withoutV2(wrap(plain)) : wrap);
    harness.files.set("a.service", unit);
    await harness.run("start a");
    expect(await harness.run("status a")).toEqual({
      code: 1,
      stdout: "",
      stderr: "Error getting machine IP: machine 113f16a7... is not present\n",
    });
    expect((await harness.run("ssh a")).stderr).toMatch(/^Could not determine address of machine.\nHint: /);
  });
});

describe.each(["v2", "v1"])("journal, on a server with %s", (version) => {
  it("asks journalctl where the unit is", async () => {
    const { programs, run } = await create(version);
    expect(await run("journal --lines=5 --output=json --sudo --follow a")).toMatchObject({
      code: 0,
      stdout: `<${asked} 127.0.0.1 sudo journalctl --unit a.service --no-pager -n 5 --output json -f>\n`,
    });
    programs.statuses.set("127.0.0.1", 7);
    expect((await run("journal a")).code).toBe(7);
  });

  it("hands no word to a shell that it could read otherwise", async () => {
    const { run } = await create(version);
    expect((await run("journal --output=$(id) a")).stdout).toContain(
      "journalctl --unit a.service --no-pager -n 10 --output '$(id)'>",
    );
  });

  it("gives sudo a terminal to ask on", async () => {
    const { programs, run } = await create(version);
    programs.hasTerminal = true;
    expect((await run("journal --sudo a")).stdout).toMatch(/^<ssh -t -a -o RemoteCommand/);
    expect(programs.options).toEqual([{ readsInput: true }]);
  });

  it("prints that of a global unit machine by machine", async () => {
    const { run } = await create(version);
    expect((await run("journal glob")).stdout.match(/^glob.service on .*:$/gm)).toHaveLength(3);
    expect((await run("journal -f glob")).stdout.match(/ -f>$/gm)).toHaveLength(3);
    expect((await run("journal glob@@85c0c")).stdout).toMatch(/^<.* 127.0.0.2 journalctl .*>\n$/);
  });

  it.each([
    ["journal", 2, "One unit file must be provided.\nUsage: fleetctl journal UNIT\n"],
    ["journal a b", 2, "One unit file must be provided.\nUsage: fleetctl journal UNIT\n"],
    ["journal a{,x}", 2, 'One unit file must be provided.\n"a{,x}" means a.service, ax.service\n'],
    ["journal nosuch", 1, "Unit nosuch.service does not exist.\n"],
  ])("%s fails", async (line, code, stderr) => {
    expect(await (await create(version)).run(line)).toEqual({ code, stdout: "", stderr });
  });

  it("means by a pattern the unit that is on a machine", async () => {
    const { run } = await create(version);
    expect(await run("journal [ah]*")).toEqual(await run("journal a"));
    expect(await run("journal [ab]")).toMatchObject({
      code: 2,
      stderr: 'One unit file must be provided.\n"[ab]" means a.service, b.service\n',
    });
  });

  it("needs a unit that is on a machine", async () => {
    expect(await (await create(version)).run("journal hello@.service")).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^Unit hello@.service does not appear to be running.\nHint: /),
    });
  });
});

describe("ssh", () => {
  it.each([
    ["ssh 113f", `ssh ${ssh} -- 127.0.0.1`],
    ["ssh 113f echo foo", `ssh -o RemoteCommand=none ${ssh} -- 127.0.0.1 echo foo`],
    ["ssh 113f -- ls -d /tmp", `ssh -o RemoteCommand=none ${ssh} -- 127.0.0.1 ls -d /tmp`],
    ["ssh 113f ls -l -v --full", `ssh -o RemoteCommand=none ${ssh} -- 127.0.0.1 ls -l -v --full`],
    ["ssh -m 85c0c ls -l", `ssh -o RemoteCommand=none ${ssh} -- 127.0.0.2 ls -l`],
    ["ssh --unit=a echo on unit", `ssh -o RemoteCommand=none ${ssh} -- 127.0.0.1 echo on unit`],
    ["ssh --unit b", `ssh ${ssh} -- 127.0.0.2`],
    ["ssh a.service", `ssh ${ssh} -- 127.0.0.1`],
    ["ssh glob@@113f", `ssh ${ssh} -- 127.0.0.1`],
    ["ssh -A 113f --ssh-port=2222", `ssh -A ${ssh} -p 2222 -- 127.0.0.1`],
    ["--ssh-username=core ssh 113f --ssh-timeout=3", "ssh -o ConnectTimeout=3 -l core -- 127.0.0.1"],
  ])("%s", async (line, expected) => {
    const { programs, run } = await create("v2");
    expect(await run(line)).toEqual({ code: 0, stdout: `<${expected}>\n`, stderr: "" });
    expect(programs.options).toEqual([{ readsInput: true }]);
  });

  it("gives commands a terminal if there is one, and passes statuses on", async () => {
    const { programs, run } = await create("v2");
    programs.hasTerminal = true;
    programs.statuses.set("127.0.0.1", 7);
    expect(await run("ssh 113f top")).toMatchObject({ code: 7, stdout: expect.stringMatching(/^<ssh -t /) });
    expect(await run("ssh 113f")).toMatchObject({ code: 7, stdout: `<ssh ${ssh} -- 127.0.0.1>\n` });
  });

  it.each([
    ["ssh", 2, /^Unable to proceed: one machine or unit must be provided\nUsage: /],
    [
      "ssh --machine=a --unit=b",
      2,
      /^Both machine and unit flags provided, please specify only one.\nUsage: /,
    ],
    ["ssh -m ffff", 1, /^Unable to proceed: machine does not exist\nHint: /],
    [
      "ssh -m 85c0",
      1,
      /^Unable to proceed: found more than one machine\nHint: name one of them:\n +85c0c595\S+ {2}\(85c0c595...\/127.0.0.2\)\n +85c0e793\S+ /,
    ],
    ["ssh 85c0", 1, /^Unable to proceed: found more than one machine\nHint: name one of them:\n/],
    ["ssh nosuch", 1, /^Unable to proceed: could not find matching unit or machine\nHint: /],
    [
      "ssh -u nosuch",
      1,
      /^Unable to proceed: unit does not exist\nHint: the cluster has no nosuch.service\n$/,
    ],
    ["ssh -u hello@.service", 1, /^Could not determine address of machine.\nHint: unit hello@.service: /],
    [
      "ssh glob",
      1,
      /^Unable to proceed: unit glob.service is on more than one machine\nHint: name one of them:\n +glob.service@@113f16a7\S+ /,
    ],
  ])("%s is told apart", async (line, code, stderr) => {
    const { programs, run } = await create("v2");
    expect(await run(line)).toEqual({ code, stdout: "", stderr: expect.stringMatching(stderr) });
    expect(programs.runs).toEqual([]);
  });

  it("asks for a flag if both a machine and a unit are meant", async () => {
    const { api, run } = await create("v2");
    api.cluster.addMachine("a1", "127.0.0.4");
    expect(await run("ssh a.service")).toMatchObject({ code: 0 });
    expect(await run("ssh a")).toMatchObject({
      code: 1,
      stderr:
        "Unable to proceed: ambiguous argument, both machine and unit found for `a`.\n" +
        "Please use flag `--machine` or `--unit` to refine the search\n",
    });
  });

  it("says what an unreachable machine of this host may be", async () => {
    const { files, programs, run } = await create("v2");
    programs.statuses.set("127.0.0.1", 255);
    expect(await run("ssh 113f")).toMatchObject({ code: 255, stderr: simulated });
    files.set("/etc/machine-id", machineIds[0]);
    expect(await run("ssh 113f")).toMatchObject({ code: 255, stderr: "" });
  });

  it("says what to install", async () => {
    const { programs, run } = await create("v2");
    programs.missing.add("ssh");
    expect(await run("ssh 113f")).toMatchObject({
      code: 255,
      stderr: "Failed building SSH client: cannot run ssh: not installed\n",
    });
  });
});

it("traces what it runs with --debug, to be pasted into a shell", async () => {
  const { run } = await create("v2");
  const { stderr } = await run("--debug journal --output=$(id) a");
  expect(stderr).toContain(
    `\nDEBUG ${asked} 127.0.0.1 'journalctl --unit a.service --no-pager -n 10 --output '\\''$(id)'\\'''\n`,
  );
});

it("takes no unit's name for an option of systemctl", async () => {
  const harness = await create("v2");
  harness.files.set("-Hx.service", unit);
  await harness.run("start -- -Hx.service");
  expect((await harness.run("status *x.service")).stdout).toContain(" systemctl status -l -- -Hx.service>");
});

describe("the others", () => {
  it.each([
    ["fd-forward /run/fleet.sock", 0, "<joined /run/fleet.sock>\n", ""],
    ["fd-forward", 2, "", "Provide a single argument\nUsage: fleetctl fd-forward SOCKET\n"],
    ["fd-forward a b", 2, "", "Provide a single argument\nUsage: fleetctl fd-forward SOCKET\n"],
    ["status", 2, "", "No units given\nUsage: fleetctl status UNIT...\n"],
    ["status --ssh-port=0 a", 2, "", 'Error: invalid argument "0" for --ssh-port=0: expected a port\n'],
    ["restart", 2, "", "No units given\nUsage: fleetctl restart UNIT...\n"],
    [
      "verify",
      2,
      "",
      'Command "verify" is deprecated, DEPRECATED - No longer works\nWARNING: The signed/verified units feature is DEPRECATED and cannot be used.\n',
    ],
    [
      "--tunnel=a:b status x",
      2,
      "",
      'Error: invalid argument "a:b" for --tunnel=a:b: expected host or host:port\n',
    ],
  ])("%s", async (line, code, stdout, stderr) => {
    expect(await createCliHarness().run(line)).toEqual({ code, stdout, stderr });
  });
});
