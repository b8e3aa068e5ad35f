import type { HttpAnswer, HttpRequest, UnitsWriteAnswerV2, UnitsWriteV2 } from "@fleet/client";
import { parseUnitName } from "@fleet/core";
import { describe, expect, it } from "vitest";
import { until } from "../../../api/src/testing/manual-clock.js";
import { createCliHarness, machineIds } from "../testing/cli-harness.js";

const unit = (description: string) =>
  `[Unit]\nDescription=${description}\n\n[Service]\nExecStart=/bin/true\n`;
const place = "on 113f16a7.../127.0.0.1";

const notToday = { code: 400, message: "not today" };

/** Lets all units of a request through but those that are refused. */
async function refuseSome(
  refused: ReadonlySet<string>,
  request: HttpRequest,
  send: (rest: HttpRequest) => Promise<HttpAnswer>,
): Promise<HttpAnswer> {
  const { units } = JSON.parse(request.body ?? "") as UnitsWriteV2;
  const isRefused = ({ name }: { name: string }) => refused.has(`/fleet/v2/units/${name}`);
  const rest = units.filter((unit) => !isRefused(unit));
  const answer = await send({ ...request, body: JSON.stringify({ units: rest }) });
  const told = (JSON.parse(answer.body) as UnitsWriteAnswerV2).units ?? [];
  const all = units.map((unit) =>
    isRefused(unit) ? { name: unit.name, error: notToday } : told.find(({ name }) => name === unit.name),
  );
  return { ...answer, body: JSON.stringify({ revision: 1, units: all }) };
}

/** A cluster in which `hello` has been started, and every write is noted. */
async function createCluster(command = "start hello", knowsMany = true) {
  const writes: string[] = [];
  const refused = new Set<string>();
  const harness = createCliHarness((transport) => ({
    ...transport,
    request: async (request, signal) => {
      if (request.method === "PUT") writes.push(`${request.path} ${request.body}`);
      if (request.method === "PUT" && refused.has(request.path)) {
        return { status: 400, headers: {}, body: JSON.stringify({ error: notToday }) };
      }
      if (request.path === "/fleet/v2/units") {
        if (!knowsMany) return { status: 404, headers: {}, body: '{"error":{"code":404,"message":""}}' };
        return refuseSome(refused, request, (rest) => transport.request(rest, signal));
      }
      return transport.request(request, signal);
    },
  }));
  harness.files.set("hello.service", unit("one"));
  await harness.run(command);
  writes.length = 0;
  harness.files.set("hello.service", unit("two"));
  const record = (name = "hello.service") => harness.api.cluster.units.get(parseUnitName(name));
  return { ...harness, record, refused, writes };
}

describe("start --replace", () => {
  it("writes content and wanted state at once, and leaves the seat and the start count as they are", async () => {
    const { api, record, run, writes } = await createCluster();
    const seats = () => [...api.cluster.seats].flatMap(([, ofMachine]) => [...ofMachine.values()]);
    const [before] = seats();
    const startCount = record()?.startCount;
    expect(await run("start --replace hello")).toEqual({
      code: 0,
      stdout: `Unit hello.service launched ${place}\n`,
      stderr: "",
    });
    const body = JSON.stringify({ text: unit("two"), replace: true, desiredState: "launched" });
    expect(writes).toEqual([`/fleet/v2/units/hello.service ${body}`]);
    expect(record()?.startCount).toBe(startCount);
    expect(seats()).toMatchObject([{ machine: machineIds[0], createRevision: before?.createRevision }]);
    expect(seats()[0]?.contentId).toBe(record()?.contentId);
  });

  it("is done when the new content runs, not while the old one still does", async () => {
    const { api, autopilot, begin, record } = await createCluster();
    autopilot.stop();
    const old = record()?.contentId;
    const replacing = begin("start --replace hello");
    await until(() => record()?.contentId !== old);
    const whyStillWaiting = async (why: string) => {
      await until(() => {
        api.clock.advanceToNext(5_000);
        return replacing.printed().stderr.endsWith(`Waiting for unit hello.service: ${why}\n`);
      });
      expect(replacing.printed().stdout).toBe("");
    };
    const running = "still starting: machine 113f16a7... has its old content";
    await whyStillWaiting(`${running} (active/running)`);
    api.cluster.seat(machineIds[0], "hello.service", "launched");
    api.cluster.report(machineIds[0], "hello.service", { activeState: "deactivating", contentId: old ?? "" });
    await whyStillWaiting(`${running} (deactivating/dead)`);
    api.cluster.report(machineIds[0], "hello.service", {});
    await whyStillWaiting("placed on machine 113f16a7..., loaded, not started yet");
    const words = { activeState: "active", subState: "running", jobResult: "done", isStarted: true };
    api.cluster.report(machineIds[0], "hello.service", words);
    expect(await replacing.result).toMatchObject({
      code: 0,
      stdout: `Unit hello.service launched ${place}\n`,
    });
  });

  it("says why new content does not run", async () => {
    const { autopilot, run } = await createCluster();
    autopilot.behaviours.set("hello.service", "fails");
    expect(await run("start --replace hello")).toEqual({
      code: 1,
      stdout: `Unit hello.service launched ${place}\n`,
      stderr:
        "Error waiting for unit states, exit status: unit hello.service failed (failed/failed, job result failed)\n" +
        "Hint: to see why: fleetctl journal hello.service\n",
    });
  });

  it.each([
    ["hello", "Triggered unit hello.service start\n"],
    ["glob", "Triggered global unit glob.service start\n"],
  ])("only announces %s where nothing is waited for", async (name, stdout) => {
    const { files, run, writes } = await createCluster();
    files.set("glob.service", `${unit("g")}[X-Fleet]\nGlobal=true\n`);
    await run("start glob");
    files.set("glob.service", `${unit("h")}[X-Fleet]\nGlobal=true\n`);
    writes.length = 0;
    expect(await run(`start --replace --no-block ${name}`)).toEqual({ code: 0, stdout, stderr: "" });
    expect(writes).toHaveLength(1);
  });

  it("starts what is new, what is loaded and what is inactive, too", async () => {
    const { files, record, run } = await createCluster("load hello");
    for (const name of ["fresh", "idle"]) files.set(`${name}.service`, unit(name));
    await run("submit idle");
    files.set("idle.service", unit("other"));
    const { code, stdout } = await run("start --replace fresh hello idle");
    expect(code).toBe(0);
    expect(stdout.split("\n").sort()).toEqual([
      "",
      "Unit fresh.service inactive",
      "Unit fresh.service launched on 85c0e793.../127.0.0.3",
      "Unit hello.service launched on 113f16a7.../127.0.0.1",
      "Unit idle.service launched on 85c0c595.../127.0.0.2",
    ]);
    for (const name of ["fresh", "hello", "idle"]) {
      expect(record(`${name}.service`)).toMatchObject({ desiredState: "launched", startCount: 1 });
    }
  });

  it.each([
    ["in one request", true],
    ["to a server that takes one unit at a time", false],
  ])("tells of the one that the server refuses, and goes on with the others, %s", async (_how, knowsMany) => {
    const { files, refused, run } = await createCluster("start hello", knowsMany);
    files.set("a.service", unit("a"));
    await run("start a");
    files.set("a.service", unit("b"));
    refused.add("/fleet/v2/units/hello.service");
    expect(await run("start --replace a hello")).toEqual({
      code: 1,
      stdout: "Unit a.service launched on 85c0c595.../127.0.0.2\n",
      stderr: "Error starting units: failed replacing unit hello.service: googleapi: Error 400: not today\n",
    });
    expect((await run("cat hello")).stdout).toBe(unit("one"));
  });
});

describe("load --replace", () => {
  it("writes content and wanted state at once, and waits for the content", async () => {
    const { api, autopilot, begin, record, writes } = await createCluster("load hello");
    autopilot.stop();
    const loading = begin("load --replace hello");
    await until(() => writes.length === 1);
    api.cluster.seat(machineIds[0], "hello.service", "loaded");
    await until(() => api.clock.sleeping.includes(5_000));
    expect(loading.printed().stdout).toBe("");
    api.cluster.report(machineIds[0], "hello.service", {});
    expect(await loading.result).toEqual({
      code: 0,
      stdout: `Unit hello.service loaded ${place}\n`,
      stderr: "",
    });
    expect(record()).toMatchObject({ desiredState: "loaded", startCount: 0 });
  });
});
