import { describe, expect, it } from "vitest";
import { until } from "../../../api/src/testing/manual-clock.js";
import { createCliHarness, withoutV2 } from "../testing/cli-harness.js";

const unit = (description: string) =>
  `[Unit]\nDescription=${description}\n\n[Service]\nExecStart=/bin/true\n`;
const ok = (stdout = "", stderr = "") => ({ code: 0, stdout, stderr });
const place = "on 113f16a7.../127.0.0.1";

describe.each(["v2", "v1"])("a unit's life, on a server with %s", (version) => {
  const create = () => {
    const harness = version === "v2" ? createCliHarness() : createCliHarness(withoutV2);
    for (const name of ["hello", "a", "b", "oneshot", "failing", "nowhere"]) {
      harness.files.set(`${name}.service`, unit(name));
    }
    harness.files.set("glob.service", `${unit("g")}[X-Fleet]\nGlobal=true\n`);
    harness.files.set("hello@.service", unit("t"));
    harness.autopilot.behaviours.set("oneshot.service", "exits");
    harness.autopilot.behaviours.set("failing.service", "fails");
    harness.autopilot.behaviours.set("nowhere.service", "nowhere");
    return harness;
  };

  it("is over for a unit that is launched already and has failed", async () => {
    const { run } = create();
    await run("start failing");
    const { code, stderr } = await run("start failing");
    expect([code, stderr]).toEqual([
      0,
      expect.stringMatching(
        /^Unit failing.service is launched already: unit failing.service failed \(failed\/failed.*\)\nHint: to start it again: fleetctl restart failing.service\n$/,
      ),
    ]);
  });

  it("goes from file to machine and back", async () => {
    const { run } = create();
    expect(await run("start hello.service")).toEqual(
      ok(`Unit hello.service inactive\nUnit hello.service launched ${place}\n`),
    );
    expect(await run("start hello.service")).toEqual(ok());
    expect(await run("stop hello.service")).toEqual(
      ok(`Unit hello.service loaded ${place}\n`, "Successfully stopped units [hello.service].\n"),
    );
    expect(await run("stop hello.service")).toEqual(ok());
    expect(await run("load hello.service")).toEqual(ok());
    expect(await run("unload hello.service")).toEqual(
      ok("Unit hello.service inactive\n", "Successfully unloaded units [hello.service].\n"),
    );
    expect(await run("unload hello.service")).toEqual(ok());
    expect(await run("load hello.service")).toEqual(ok(`Unit hello.service loaded ${place}\n`));
    expect(await run("destroy hello.service hello")).toEqual(ok("Destroyed hello.service\n"));
    expect(await run("list-units --no-legend")).toEqual(ok());
  });

  it("is only announced for global units and with --no-block", async () => {
    const { run } = create();
    expect(await run("load glob")).toEqual(
      ok("Unit glob.service inactive\nTriggered global unit glob.service load\n"),
    );
    expect(await run("start glob")).toEqual(ok("Triggered global unit glob.service start\n"));
    expect(await run("stop glob")).toEqual(ok("Triggered global unit glob.service stop\n"));
    expect(await run("unload glob")).toEqual(ok("Triggered global unit glob.service unload\n"));
    await run("submit hello@1 hello@2");
    expect(await run("start --no-block hello@1 hello@2")).toEqual(
      ok("Triggered unit hello@1.service start\nTriggered unit hello@2.service start\n"),
    );
    expect(await run("stop --no-block hello@1")).toEqual(ok("Triggered unit hello@1.service stop\n"));
    expect(await run("unload --no-block hello@1")).toEqual(ok("Triggered unit hello@1.service unload\n"));
    expect(await run("destroy --no-block hello@1")).toEqual(ok("Destroyed hello@1.service\n"));
  });

  it("tells a oneshot that has ended from one that has failed", async () => {
    const { run } = create();
    expect(await run("start oneshot")).toEqual(
      ok(
        `Unit oneshot.service inactive\nUnit oneshot.service launched ${place}\nUnit oneshot.service exited ${place}\n`,
      ),
    );
    const { code, stdout, stderr } = await run("start failing");
    expect([code, stdout]).toEqual([
      1,
      "Unit failing.service inactive\nUnit failing.service launched on 85c0c595.../127.0.0.2\n",
    ]);
    const how = version === "v2" ? ", job result failed" : "";
    expect(stderr).toBe(
      `Error waiting for unit states, exit status: unit failing.service failed (failed/failed${how})\nHint: to see why: fleetctl journal failing.service\n`,
    );
  });

  it("fails in time for a unit without a place, which can be called off", async () => {
    const { run } = create();
    const why = "Hint: unit nowhere.service: not placed on any machine\n";
    for (const [command, state] of [
      ["load", "loaded"],
      ["start", "launched"],
    ]) {
      const { code, stderr } = await run(`${command} --block-attempts=1 nowhere.service`);
      expect([code, stderr]).toEqual([
        1,
        `Error waiting for unit states, exit status: timed out waiting for unit nowhere.service to report state ${state}\n${why}`,
      ]);
    }
    expect(await run("stop nowhere")).toEqual(
      ok("Unit nowhere.service inactive\n", "Successfully stopped units [nowhere.service].\n"),
    );
    await run("start --no-block nowhere");
    expect(await run("unload nowhere")).toEqual(
      ok("Unit nowhere.service inactive\n", "Successfully unloaded units [nowhere.service].\n"),
    );
  });

  it("may be started anew with other content", async () => {
    const { files, run } = create();
    await run("start hello");
    files.set("hello.service", unit("two"));
    expect(await run("load --replace hello")).toEqual(
      ok(
        "",
        "Warning: can not replace Unit(hello.service) in state 'launched', use the appropriate command\nUnit hello.service is launched, which includes being loaded; to stop it: fleetctl stop hello.service\n",
      ),
    );
    const onItsWay = version === "v2" ? "" : "Unit hello.service inactive\n";
    expect(await run("start --replace hello")).toEqual(
      ok(`${onItsWay}Unit hello.service launched ${place}\n`),
    );
  });
});

describe("start", () => {
  it.each([
    ["start", "starting"],
    ["load", "loading"],
  ])("and %s refuse templates before anything is submitted", async (command, verb) => {
    const { api, files, run } = createCliHarness();
    files.set("hello@.service", unit("t"));
    files.set("a.service", unit("a"));
    expect(await run(`${command} a hello@.service`)).toEqual({
      code: 1,
      stdout: "",
      stderr: `Error ${verb} units: cannot activate template "hello@.service"\nHint: name an instance of it, for example hello@1.service\n`,
    });
    expect(api.cluster.units.size).toBe(0);
  });

  it("says on request what it waits for, and leaves things as they are on Ctrl-C", async () => {
    const { api, autopilot, begin, files } = createCliHarness();
    files.set("slow.service", unit("s"));
    autopilot.behaviours.set("slow.service", "hangs");
    const started = begin("start slow");
    await until(() => started.printed().stdout.includes("launched"));
    api.clock.advance(5_000);
    await until(() => started.printed().stderr !== "");
    expect(started.printed().stderr).toBe(
      "Waiting for unit slow.service: still starting (activating/start)\n",
    );
    started.interrupt();
    const { code, stderr } = await started.result;
    expect([code, stderr.split("\n")[1]]).toEqual([
      130,
      "Stopped waiting. The units stay wanted launched; see fleetctl list-units",
    ]);
    expect([...api.cluster.units.values()][0]?.desiredState).toBe("launched");
  });

  it("fails when the unit is destroyed or told otherwise meanwhile", async () => {
    const { autopilot, begin, files, run } = createCliHarness();
    for (const name of ["x", "y"]) {
      files.set(`${name}.service`, unit(name));
      autopilot.behaviours.set(`${name}.service`, "nowhere");
    }
    const started = begin("start x y");
    await until(() => started.printed().stdout.includes("y.service inactive"));
    await run("unload --no-block x");
    await run("destroy y");
    const { code, stderr } = await started.result;
    expect(code).toBe(1);
    expect(stderr).toBe(
      "Error waiting for unit states, exit status: unit x.service is wanted inactive meanwhile, not launched\n" +
        "Error waiting for unit states, exit status: unit y.service has been destroyed meanwhile\n",
    );
  });

  it("says why a unit does not run that is wanted launched already", async () => {
    const { autopilot, files, run } = createCliHarness();
    files.set("x.service", unit("x"));
    autopilot.behaviours.set("x.service", "nowhere");
    await run("start --no-block x");
    expect(await run("start x")).toEqual(
      ok("", "Unit x.service is launched already: not placed on any machine\n"),
    );
  });

  it("starts many units with one line each", async () => {
    const { files, run } = createCliHarness();
    const names = Array.from({ length: 40 }, (_, index) => `u${index}.service`);
    for (const name of names) files.set(name, unit(name));
    const { code, stdout } = await run(`start ${names.join(" ")}`);
    expect(code).toBe(0);
    for (const name of names) {
      expect(stdout).toContain(`Unit ${name} inactive\n`);
      expect(stdout).toMatch(
        new RegExp(`^Unit ${name} launched on [0-9a-f]{8}\\.\\.\\./127\\.0\\.0\\.\\d$`, "m"),
      );
    }
    expect(stdout.split("\n")).toHaveLength(81);
  });
});

describe("stop, unload and destroy", () => {
  it("do nothing if any unit is inactive", async () => {
    const { api, files, run } = createCliHarness();
    files.set("a.service", unit("a"));
    files.set("b.service", unit("b"));
    await run("start a");
    await run("submit b");
    expect(await run("stop a b")).toEqual({
      code: 1,
      stdout: "",
      stderr: "Unable to stop unit b.service in state inactive\n",
    });
    expect([...api.cluster.units.values()].map(({ desiredState }) => desiredState)).toEqual([
      "launched",
      "inactive",
    ]);
  });

  it.each(["stop", "unload", "destroy"])("%s: tells of units that are not there", async (command) => {
    const { files, run } = createCliHarness();
    files.set("a.service", unit("a"));
    expect(await run(`${command} nosuch`)).toEqual({
      code: 1,
      stdout: "",
      stderr: "Units not found in registry\nHint: the cluster has no nosuch.service\n",
    });
    await run("start a");
    const { code, stderr } = await run(`${command} a nosuch`);
    expect(code).toBe(0);
    expect(stderr.split("\n")[0]).toBe("Unit nosuch.service not found in registry");
  });

  it("wait for what was begun without waiting", async () => {
    const { api, autopilot, begin, files, run } = createCliHarness();
    files.set("a.service", unit("a"));
    await run("start a");
    autopilot.stop();
    await run("stop --no-block a");
    const stopped = begin("stop --block-attempts=1 a");
    await until(() => api.clock.sleeping.includes(2_000));
    api.clock.advance(2_000);
    expect(await stopped.result).toEqual({
      code: 1,
      stdout: "",
      stderr:
        "Failed to stop units [a.service]. err: timed out waiting for unit a.service to report state loaded (still launched)\n",
    });
  });

  it("destroy waits until the machine has let go", async () => {
    const { api, autopilot, begin, files, run } = createCliHarness();
    files.set("a.service", unit("a"));
    await run("start a");
    autopilot.stop();
    const destroyed = begin("destroy a");
    await until(() => api.clock.sleeping.includes(5_000));
    expect(destroyed.printed().stdout).toBe("Destroyed a.service\n");
    const [machine = ""] = api.cluster.states.keys();
    api.cluster.forgetState(machine, "a.service");
    expect(await destroyed.result).toEqual({ code: 0, stdout: "Destroyed a.service\n", stderr: "" });
  });
});
