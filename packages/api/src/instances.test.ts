import { parseMachineId, parseUnitName, wantedOn } from "@fleet/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ServedApi, serveApi } from "./testing/served-api.js";

let api: ServedApi;
beforeEach(async () => {
  api = await serveApi();
  for (const machine of ["m1", "m2"]) api.cluster.addMachine(machine, "127.0.0.1");
  await put({ text: "[X-Fleet]\nGlobal=true\n", desiredState: "launched" });
  await put({ text: "[Service]\nExecStart=/bin/true\n", desiredState: "launched" }, "plain.service");
});
afterEach(() => api.stop());

const put = async (body: object, name = "glob.service") => {
  const answer = await api.send("PUT", `/fleet/v2/units/${name}`, JSON.stringify(body));
  const { effect, error } = JSON.parse(answer.body);
  return [answer.status, effect ?? error.message];
};

/** What is wanted on both machines. */
const wanted = () => {
  const unit = api.cluster.units.get(parseUnitName("glob.service"));
  if (unit === undefined) throw new Error("no unit");
  return ["m1", "m2"].map((id) => {
    const { desiredState, startCount } = wantedOn(unit, parseMachineId(id));
    return `${desiredState} ${startCount}`;
  });
};

describe("PUT /fleet/v2/units/<name> with a machine", () => {
  it("concerns a global unit there alone, until the unit as a whole is told something", async () => {
    expect(await put({ machineID: "m1", desiredState: "loaded" })).toEqual([200, "changed"]);
    expect(wanted()).toEqual(["loaded 1", "launched 1"]);
    expect(await put({ machineID: "m1", desiredState: "loaded" })).toEqual([200, "unchanged"]);
    expect(await put({ machineID: "m1", desiredState: "launched" })).toEqual([200, "changed"]);
    expect(wanted()).toEqual(["launched 2", "launched 1"]);
    expect(await put({ machineID: "m2", restart: true })).toEqual([200, "changed"]);
    expect(wanted()).toEqual(["launched 2", "launched 2"]);
    await put({ machineID: "m1", desiredState: "loaded" });
    // A comment, and a new text without a state, leave it alone.
    await put({ text: "[X-Fleet]\nGlobal=true\n# more\n", replace: true });
    expect(wanted()).toEqual(["loaded 2", "launched 2"]);
    expect(await put({ desiredState: "launched" })).toEqual([200, "changed"]);
    expect(wanted()).toEqual(["launched 3", "launched 2"]);
    await put({ machineID: "m1", desiredState: "loaded" });
    expect(
      (await api.send("PUT", "/fleet/v1/units/glob.service", '{"desiredState":"launched"}')).status,
    ).toBe(204);
    expect(wanted()).toEqual(["launched 4", "launched 2"]);
  });

  it("is seen in what is said of that machine, before the machine knows", async () => {
    const states = async () => {
      const { body } = await api.send("GET", "/fleet/v2/units/glob.service");
      return JSON.parse(body).states.map((state: { currentState: string }) => state.currentState);
    };
    const run = (machine: string) => {
      api.cluster.seat(machine, "glob.service", "launched");
      api.cluster.report(machine, "glob.service", { isStarted: true, activeState: "active" });
    };
    run("m1");
    run("m2");
    expect(await states()).toEqual(["launched", "launched"]);
    await put({ machineID: "m1", restart: true });
    expect(await states()).toEqual(["loaded", "launched"]);
    run("m1");
    expect(await states()).toEqual(["launched", "launched"]);
  });

  it.each<[body: object, name: string, status: number, message: string]>([
    [
      { machineID: "m1", desiredState: "inactive" },
      "glob.service",
      400,
      "machineID goes with desiredState loaded or launched, and with restart",
    ],
    [
      { machineID: "m1", text: "[X-Fleet]\n" },
      "glob.service",
      400,
      "machineID goes with desiredState loaded or launched, and with restart",
    ],
    [{ machineID: 1 }, "glob.service", 400, "unable to decode body: machineID must be a string"],
    [{ machineID: "m3" }, "glob.service", 404, "there is no machine m3"],
    [{ machineID: "m1" }, "no.service", 404, "unit does not exist"],
    [
      { machineID: "m1" },
      "plain.service",
      409,
      "unit plain.service is not global: it has no instances on machines",
    ],
  ])("refuses %j of %s", async (body, name, status, message) => {
    expect(await put(body, name)).toEqual([status, message]);
  });

  it("refuses a unit that is not launched as a whole", async () => {
    await put({ desiredState: "loaded" });
    expect(await put({ machineID: "m1", desiredState: "launched" })).toEqual([
      409,
      "unit glob.service is wanted loaded on all of its machines",
    ]);
  });
});
