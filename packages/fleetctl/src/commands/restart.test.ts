import { describe, expect, it } from "vitest";
import { createCliHarness, withoutV2 } from "../testing/cli-harness.js";

const unit = (description: string) =>
  `[Unit]\nDescription=${description}\n\n[Service]\nExecStart=/bin/true\n`;
const place = "on 113f16a7.../127.0.0.1";

describe.each(["v2", "v1"])("restart, on a server with %s", (version) => {
  const create = async (...started: readonly string[]) => {
    const harness = version === "v2" ? createCliHarness() : createCliHarness(withoutV2);
    for (const name of ["a", "b", "c", "new", "failing"]) harness.files.set(`${name}.service`, unit(name));
    harness.files.set("web@.service", unit("web"));
    harness.files.set("glob.service", `${unit("glob")}[X-Fleet]\nGlobal=true\n`);
    for (const name of started) await harness.run(`start ${name}`);
    return harness;
  };

  it("stops and starts", async () => {
    const { api, run } = await create("a");
    const before = api.cluster.units.get("a.service" as never)?.startCount ?? 0;
    expect(await run("restart a")).toEqual({
      code: 0,
      stdout: `Unit a.service loaded ${place}\nUnit a.service launched ${place}\n`,
      stderr: "Unit(a.service) was restarted.\n",
    });
    expect(api.cluster.units.get("a.service" as never)?.startCount).toBe(before + 1);
  });

  it("starts what is loaded", async () => {
    const { run } = await create("a");
    await run("stop a");
    expect(await run("restart a")).toEqual({
      code: 0,
      stdout: `Unit a.service launched ${place}\n`,
      stderr: "Unit(a.service) already loaded, starting.\n",
    });
  });

  it("cannot restart what is inactive, and goes on", async () => {
    const { run } = await create("a", "b");
    await run("unload a");
    const { code, stderr, stdout } = await run("restart a b");
    expect([code, stderr]).toEqual([
      1,
      "Unable to restart unit a.service in state inactive\nUnit(b.service) was restarted.\n",
    ]);
    expect(stdout).toMatch(/^Unit b.service loaded .*\nUnit b.service launched .*\n$/);
  });

  it("submits what is new, and says that it is not started", async () => {
    const { run } = await create();
    expect(await run("restart new")).toEqual({
      code: 0,
      stdout: "Unit new.service inactive\n",
      stderr: "Unit new.service is new, and not started; to start it: fleetctl start new.service\n",
    });
    expect(await run("restart bogus")).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^Error creating units: unable to find Unit\(bogus.service\)/),
    });
  });

  it("does not touch the next one before this one runs", async () => {
    const { autopilot, run } = await create("a", "b", "c");
    autopilot.behaviours.set("b.service", "fails");
    const { code, stderr, stdout } = await run("restart a b c");
    expect([code, stdout]).toEqual([1, expect.not.stringContaining("c.service")]);
    expect(stderr).toMatch(
      /^Unit\(a.service\) was restarted.\nError waiting .*: unit b.service failed .*\nHint: .* journal b.service\nNot restarted: c.service\n$/,
    );
  });

  it("takes patterns, which leave templates out", async () => {
    const { run } = await create("web@1", "web@2");
    await run("submit web@.service");
    expect((await run("restart web@*")).stderr).toBe(
      "Unit(web@1.service) was restarted.\nUnit(web@2.service) was restarted.\n",
    );
    expect(await run("restart web@.service")).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^Error restarting units: cannot activate template "web@.service"/),
    });
  });

  it("restarts a global unit on one machine after the other, or everywhere at once if the server knows no better", async () => {
    const { api, run } = await create("glob");
    const counts = () =>
      [...api.cluster.states.values()].map(
        (states) => states.get("glob.service" as never)?.started?.startCount,
      );
    const before = counts();
    const places = ["113f16a7.../127.0.0.1", "85c0c595.../127.0.0.2", "85c0e793.../127.0.0.3"];
    const each = (text: (place: string) => string) => places.map(text).join("");
    expect(await run("restart glob")).toEqual({
      code: 0,
      ...(version === "v1"
        ? {
            stdout: "Triggered global unit glob.service start\n",
            stderr: "Unit(glob.service) was restarted.\n",
          }
        : {
            stdout: each((at) => `Unit glob.service loaded on ${at}\nUnit glob.service launched on ${at}\n`),
            stderr: each((at) => `Unit(glob.service@@${at.slice(0, 8)}) was restarted.\n`),
          }),
    });
    expect(before).toEqual([1, 1, 1]);
    await run("list-units");
    expect(counts()).toEqual([2, 2, 2]);
  });

  it("starts a unit that does not stop in time all the same, and fails", async () => {
    const { api, autopilot, run } = await create("a");
    autopilot.stop();
    const { code, stderr } = await run("restart --block-attempts=1 a");
    expect([code, stderr.split("\n")[0]]).toEqual([
      1,
      "Error waiting for unit states, exit status: timed out waiting for unit a.service to report state loaded",
    ]);
    expect(api.cluster.units.get("a.service" as never)?.desiredState).toBe("launched");
  });
});
