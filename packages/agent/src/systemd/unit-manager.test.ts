import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FleetError, parseUnitName } from "@fleet/core";
import type { Logger, UnitManager, UnitManagerEvent } from "@fleet/core/ports";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { systemClock } from "../../../../test/support/system-clock.js";
import type { ManagerAddress } from "./manager-address.js";
import { done, FakePeer, type PeerAnswer, type PeerCall, variant } from "./testing/fake-peer.js";
import { createUnitManager } from "./unit-manager.js";
import { unitPath } from "./unit-path.js";

const web = parseUnitName("web.service");
const path = unitPath(web);
const { signal } = new AbortController();

const row = (active: string, sub: string, job = 0) => [
  [web, "a description", "loaded", active, sub, "", path, job, "", "/"],
];
const rows = (list: unknown[]): PeerAnswer => ({ signature: "a(ssssssouso)", body: [list] });

let peer: FakePeer;
let units: UnitManager;
let events: UnitManagerEvent[];
let log: string[];
let stop: AbortController;
let running: Promise<void>;

beforeEach(async () => {
  peer = await FakePeer.listen();
  stop = new AbortController();
  running = Promise.resolve();
  events = [];
  log = [];
});
afterEach(async () => {
  stop.abort();
  await running;
  await peer.close();
});

function begin(
  address: ManagerAddress = { kind: "private", path: peer.path },
  callTimeoutMs = 5_000,
  privatePath?: string,
): void {
  const line = (level: string) => (message: string) => log.push(`${level} ${message}`);
  const logger: Logger = {
    error: line("error"),
    warn: line("warn"),
    info: line("info"),
    debug: line("debug"),
    child: () => logger,
  };
  const own = privatePath === undefined ? {} : { privatePath };
  units = createUnitManager({ address, clock: systemClock, logger, callTimeoutMs, ...own });
  units.subscribe((event) => events.push(event));
  running = units.run(stop.signal);
}

const until = (check: () => void) => vi.waitFor(check, { timeout: 10_000, interval: 5 });
const connected = () => until(() => expect(units.connected).toBe(true));
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => "no error",
    (error: unknown) => (error instanceof FleetError ? error.code : String(error)),
  );

/** Answers the calls that describe a unit. */
function describing(active: string, sub: string, invocation = [1, 2]): (call: PeerCall) => PeerAnswer {
  const values: Readonly<Record<string, PeerAnswer>> = {
    FragmentPath: { signature: "v", body: [variant("s", "/x/web.service")] },
    InvocationID: { signature: "v", body: [variant("ay", Buffer.from(invocation))] },
    NeedDaemonReload: { signature: "v", body: [variant("b", false)] },
  };
  const ofService: PeerAnswer = { signature: "a{sv}", body: [{ Result: variant("s", "exit-code") }] };
  return (call) => {
    if (call.member === "GetAll") return ofService;
    return call.member.startsWith("ListUnits")
      ? rows(row(active, sub))
      : (values[String(call.body[1])] ?? done);
  };
}

describe("connecting", () => {
  test("to a private socket: subscribes, and no bus is greeted", async () => {
    begin();
    await connected();
    expect(new Set(peer.calls.map((call) => call.member))).toEqual(new Set(["Subscribe"]));
  });

  test("to a bus: says Hello, asks for signals, subscribes", async () => {
    begin({ kind: "bus", address: `unix:path=${peer.path},guid=0` });
    await connected();
    expect(peer.calls.slice(0, 4).map((call) => call.member)).toEqual([
      "Hello",
      "AddMatch",
      "AddMatch",
      "Subscribe",
    ]);
  });

  test("to a peer that forgets the first message until there is another", async () => {
    peer.answer = () => (peer.calls.length === 1 ? "silence" : done);
    const forgotten: PeerCall[] = [];
    begin();
    await until(() => {
      forgotten.push(...peer.calls);
      expect(peer.calls.length).toBeGreaterThan(1);
    });
    expect(new Set(forgotten.map((call) => call.member))).toEqual(new Set(["Subscribe"]));
  });

  test("to nobody: says so once, and keeps trying", async () => {
    const { path } = peer;
    await peer.close();
    begin({ kind: "private", path });
    await until(() => expect(log).toHaveLength(1));
    expect(log[0]).toMatch(/^warn cannot reach systemd/);
    expect(await codeOf(units.describe(web, signal))).toBe("unavailable");
    peer = await FakePeer.listen();
  });

  test("to an address that names no socket is refused", async () => {
    begin({ kind: "bus", address: "tcp:host=localhost,port=1" });
    await expect(running).rejects.toMatchObject({ code: "invalid-argument" });
    running = Promise.resolve();
  });
});

describe("the state of systemd", () => {
  const state: PeerAnswer = { signature: "v", body: [variant("s", "stopping")] };

  test("is asked over the private socket when the bus is gone, as in a shutdown", async () => {
    const bus = await FakePeer.listen();
    peer.answer = (call) => (call.member === "Get" ? state : done);
    // The bus dies of the very question.
    bus.answer = (call) => {
      if (call.member === "Get") bus.drop();
      return call.member === "Get" ? "silence" : done;
    };
    begin({ kind: "bus", address: `unix:path=${bus.path}` }, 5_000, peer.path);
    await connected();
    expect(await units.systemState(signal)).toBe("stopping");
    expect(bus.calls.filter((call) => call.member === "Get")).toHaveLength(1);
    await bus.close();
    expect(await units.systemState(signal)).toBe("stopping");
  });

  test("is not known if there is neither", async () => {
    begin({ kind: "bus", address: "unix:path=/nowhere/bus" }, 5_000, "/nowhere/private");
    expect(await codeOf(units.systemState(signal))).toBe("unavailable");
  });
});

describe("a connection that ends", () => {
  test("ends its calls and jobs, and is made again", async () => {
    peer.answer = (call) => {
      if (call.member === "StartUnit") return { signature: "o", body: ["/job/1"] };
      return call.member === "Reload" ? "silence" : done;
    };
    begin();
    await connected();
    const job = await units.start(web, signal);
    const reload = codeOf(units.reload(signal));
    await until(() => expect(peer.calls.at(-1)?.member).toBe("Reload"));
    peer.drop();
    expect(await reload).toBe("unavailable");
    expect(await job.result).toBe("lost");
    await until(() =>
      expect(events.map((event) => event.kind)).toEqual(["resynced", "disconnected", "resynced"]),
    );
    expect(peer.connections).toBe(2);
    expect(log.filter((line) => line.startsWith("warn"))).toHaveLength(1);
  });

  test("because systemd leaves the bus, is made again too", async () => {
    begin({ kind: "bus", address: `unix:path=${peer.path}` });
    await connected();
    peer.ownerChanged(":1.1", "");
    await until(() => expect(peer.connections).toBe(2));
    await connected();
  });
});

describe("calls", () => {
  test("that are not answered in time are deadline-exceeded; the connection stays", async () => {
    peer.answer = (call) => (call.member === "StartUnit" ? "silence" : done);
    begin(undefined, 200);
    await connected();
    expect(await codeOf(units.start(web, signal))).toBe("deadline-exceeded");
    expect(await codeOf(units.link(["/x"], signal))).toBe("no error");
    expect(peer.connections).toBe(1);
  });

  test("that are aborted reject with the reason, also while they are under way", async () => {
    peer.answer = (call) => (call.member === "Reload" ? "silence" : done);
    begin();
    await connected();
    const abort = new AbortController();
    const calls = [units.reload(abort.signal), units.reload(abort.signal)];
    abort.abort(new Error("enough"));
    for (const call of calls) await expect(call).rejects.toThrow("enough");
  });

  test.each([
    ["org.freedesktop.systemd1.NoSuchUnit", "not-found"],
    ["org.freedesktop.systemd1.UnitMasked", "conflict"],
    ["org.freedesktop.systemd1.TransactionIsDestructive", "conflict"],
    ["org.freedesktop.DBus.Error.AccessDenied", "permission-denied"],
    ["org.freedesktop.DBus.Error.InteractiveAuthorizationRequired", "permission-denied"],
    ["org.freedesktop.DBus.Error.ServiceUnknown", "unavailable"],
    ["org.freedesktop.DBus.Error.NoReply", "unavailable"],
    ["org.freedesktop.DBus.Error.Timeout", "deadline-exceeded"],
    ["org.example.Strange", "internal"],
  ])("%s is %s, in systemd's words", async (error, code) => {
    peer.answer = (call) => (call.member === "StartUnit" ? { error, text: "Unit is odd." } : done);
    begin();
    await connected();
    await expect(units.start(web, signal)).rejects.toMatchObject({
      code,
      message: 'cannot start "web.service": Unit is odd.',
    });
  });

  test("whose reply is not what the interface says fail, and alone", async () => {
    peer.answer = (call) => (call.member === "StartUnit" ? { signature: "u", body: [7] } : done);
    begin();
    await connected();
    expect(await codeOf(units.start(web, signal))).toBe("internal");
    expect(await codeOf(units.reload(signal))).toBe("no error");
  });
});

describe("jobs", () => {
  const removed = (job: string, result: string) => ({
    member: "JobRemoved",
    signature: "uoss",
    body: [1, job, web, result],
  });

  test("that end before the reply is there have their result", async () => {
    peer.answer = (call) => {
      if (call.member !== "StartUnit") return done;
      peer.signals(removed("/job/8", "failed"), removed("/job/7", "done"));
      return { signature: "o", body: ["/job/7"] };
    };
    begin();
    await connected();
    const job = await units.start(web, signal);
    expect(await job.result).toBe("done");
  });

  test("that end after the reply have it too, for everybody who waits", async () => {
    peer.answer = (call) => (call.member === "StartUnit" ? { signature: "o", body: ["/job/7"] } : done);
    begin();
    await connected();
    const jobs = await Promise.all([units.start(web, signal), units.start(web, signal)]);
    peer.signals(removed("/job/7", "canceled"));
    expect(await Promise.all(jobs.map((job) => job.result))).toEqual(["canceled", "canceled"]);
  });
});

describe("questions about several units", () => {
  const other = parseUnitName("other.service");
  const notFound = (name: string) => [name, "", "not-found", "inactive", "dead", "", "/u", 0, "", "/"];

  /** Answers as a systemd that holds nothing, does not say where it looks for files, and finds none. */
  const finding =
    (byNames: (names: readonly string[]) => PeerAnswer) =>
    ({ member, body: [names] }: PeerCall): PeerAnswer => {
      if (member === "ListUnitsByNames") return byNames(names as string[]);
      return member === "ListUnitsByPatterns" ? rows([]) : done;
    };

  test("at one moment are one question", async () => {
    begin();
    await connected();
    peer.answer = finding((names) => rows(names.map(notFound)));
    const membersSince = (count: number) => peer.calls.slice(count).map(({ member }) => member);
    const asked = peer.calls.length;
    const found = await Promise.all([units.describe(web, signal), units.describe(other, signal)]);
    expect(found.map(({ name, loadState }) => [name, loadState])).toEqual([
      [web, "not-found"],
      [other, "not-found"],
    ]);
    expect(membersSince(asked)).toEqual(["Get", "ListUnitsByPatterns", "ListUnitsByNames"]);
    await units.describe(web, signal);
    expect(membersSince(asked + 3)).toEqual(["ListUnitsByPatterns", "ListUnitsByNames"]);
  });

  test("are answered one by one where one of them spoils the answer", async () => {
    begin();
    await connected();
    peer.answer = finding((asked) => {
      if (asked.length === 1 && asked[0] === web) return rows([notFound(web)]);
      return { error: "org.freedesktop.DBus.Error.InvalidArgs", text: "no such name" };
    });
    const [good, bad] = await Promise.allSettled([
      units.describe(web, signal),
      units.describe(other, signal),
    ]);
    expect(good).toMatchObject({ status: "fulfilled", value: { name: web, loadState: "not-found" } });
    expect(bad).toMatchObject({ status: "rejected", reason: { code: "invalid-argument" } });
  });

  describe("where the search path can be seen", () => {
    let directory: string;
    beforeEach(async () => {
      directory = await mkdtemp(join(tmpdir(), "fleet-search-"));
      await mkdir(join(directory, "units"));
      await mkdir(join(directory, "run"));
    });
    afterEach(() => rm(directory, { recursive: true }));
    const loaded = (name: string) => [name, "", "loaded", "inactive", "dead", "", "/u", 0, "", "/"];
    /** @returns what systemd was asked, in order, to describe the unit. */
    const asked = async (rowOf: (name: string) => unknown[]) => {
      const ofRows = finding((names) => rows(names.map(rowOf)));
      peer.answer = (call) => {
        if (call.body[1] === "UnitPath")
          return { signature: "v", body: [variant("as", [join(directory, "etc"), join(directory, "run")])] };
        if (call.body[1] === "FragmentPath")
          return { signature: "v", body: [variant("s", "/etc/x/web.service")] };
        return ofRows(call);
      };
      begin();
      await connected();
      await units.describe(other, signal);
      const { length } = peer.calls;
      const unit = await units.describe(web, signal);
      return { unit, calls: peer.calls.slice(length).map(({ member }) => member) };
    };

    test("what is not there is not loaded to be told so", async () => {
      const { unit, calls } = await asked(notFound);
      expect(unit).toMatchObject({ loadState: "not-found", fragmentPath: "" });
      expect(calls).toEqual(["ListUnitsByPatterns"]);
    });

    test("a link to a file elsewhere tells what was loaded", async () => {
      const target = join(directory, "units", web);
      await writeFile(target, "");
      await symlink(target, join(directory, "run", web));
      const { unit, calls } = await asked(loaded);
      expect(unit).toMatchObject({ loadState: "loaded", fragmentPath: target });
      expect(calls).toEqual(["ListUnitsByPatterns", "ListUnitsByNames"]);
    });

    test.each(["a file", "a mask", "another name", "a link to nowhere"])(
      "of %s systemd is asked",
      async (kind) => {
        const path = join(directory, "run", web);
        if (kind === "a file") await writeFile(path, "");
        if (kind === "a mask") await symlink("/dev/null", path);
        if (kind === "a link to nowhere") await symlink(join(directory, "units", web), path);
        if (kind === "another name") {
          await writeFile(join(directory, "run", other), "");
          await symlink(other, path);
        }
        const { unit, calls } = await asked(loaded);
        expect(unit).toMatchObject({ fragmentPath: "/etc/x/web.service" });
        expect(calls).toEqual(["ListUnitsByPatterns", "ListUnitsByNames", "Get"]);
      },
    );

    test("a unit that goes by another name in systemd's memory is asked for", async () => {
      const target = join(directory, "units", web);
      await writeFile(target, "");
      await symlink(target, join(directory, "run", web));
      const { unit } = await asked((name) => loaded(name === web ? "real.service" : name));
      expect(unit).toMatchObject({ fragmentPath: "/etc/x/web.service" });
    });
  });
});

describe("signals", () => {
  const unitSignal = (member: string, name: string = web) => ({
    member,
    signature: "so",
    body: [name, unitPath(name)],
  });
  const jobRemoved = (result: string) => ({
    member: "JobRemoved",
    signature: "uoss",
    body: [7, "/job/7", web, result],
  });
  const reloading = (isReloading: boolean) => ({ member: "Reloading", signature: "b", body: [isReloading] });

  test("that arrive together are one event", async () => {
    begin();
    await connected();
    peer.signals(unitSignal("UnitNew", "a.service"), unitSignal("UnitNew", "b.service"));
    await until(() => expect(events).toHaveLength(2));
    expect(events[1]).toEqual({ kind: "changed", units: new Set(["a.service", "b.service"]) });
  });

  test.each([
    ["is none that was skipped", "auto-restart", false, false],
    ["is one while it waited for its restart", "auto-restart", true, true],
    ["is one while it ran, also if it is not started again", "running", false, true],
  ])("of a stop: what ends %s", async (_, subState, conditionResult, isTold) => {
    peer.answer = describing(subState === "running" ? "active" : "activating", subState);
    begin();
    await connected();
    await units.describeLoaded([web], signal);
    peer.signals({ member: "JobNew", signature: "uos", body: [7, "/job/7", web] });
    peer.changed(path, {
      ActiveState: ["s", "inactive"],
      SubState: ["s", "dead"],
      Job: ["(uo)", [7, "/job/7"]],
      ConditionResult: ["b", conditionResult],
    });
    peer.signals(jobRemoved("done"), unitSignal("UnitNew", "other.service"));
    const isOther = (event: (typeof events)[number]) =>
      event.kind === "changed" && event.units.has(parseUnitName("other.service"));
    await until(() => expect(events.some(isOther)).toBe(true));
    expect(events.filter(({ kind }) => kind === "job-done")).toEqual(
      isTold ? [{ kind: "job-done", unit: web, invocationId: "0102" }] : [],
    );
  });

  test("about units coming and going during a reload are dropped; a resync follows", async () => {
    begin();
    await connected();
    peer.signals(reloading(true), unitSignal("UnitRemoved"), unitSignal("UnitNew"));
    peer.signals(reloading(false));
    await until(() => expect(events).toHaveLength(2));
    expect(events[1]).toEqual({ kind: "resynced" });
  });

  test("about a described unit spare the next question", async () => {
    peer.answer = describing("active", "running");
    begin();
    await connected();
    const before = await units.describeLoaded([web], signal);
    expect(before.get(web)).toMatchObject({ activeState: "active", invocationId: "0102", hasJob: false });
    const asked = peer.calls.length;
    peer.changed(path, {
      ActiveState: ["s", "deactivating"],
      SubState: ["s", "stop-sigterm"],
      Job: ["(uo)", [3, "/job/3"]],
      InvocationID: ["ay", Buffer.from([9])],
    });
    await until(() => expect(events).toHaveLength(2));
    expect((await units.describeLoaded([web], signal)).get(web)).toMatchObject({
      activeState: "deactivating",
      subState: "stop-sigterm",
      hasJob: true,
      invocationId: "09",
    });
    expect(peer.calls).toHaveLength(asked);
  });

  test("about what a job has made of a unit are waited for, and spare the question", async () => {
    peer.answer = describing("active", "running");
    begin();
    await connected();
    await units.describeLoaded([web], signal);
    const asked = peer.calls.length;
    peer.answer = () => ({ signature: "o", body: ["/job/7"] });
    await units.stop(web, signal);
    peer.signals(jobRemoved("done"), unitSignal("UnitNew", "other.service"));
    await until(() => expect(events).toHaveLength(2));
    const looking = units.describeLoaded([web], signal);
    peer.changed(path, { ActiveState: ["s", "inactive"], SubState: ["s", "dead"], Job: ["(uo)", [0, "/"]] });
    expect((await looking).get(web)).toMatchObject({ activeState: "inactive", hasJob: false });
    expect(peer.calls).toHaveLength(asked + 1);
  });

  const ended = { ActiveState: ["s", "inactive"], SubState: ["s", "dead"], Job: ["(uo)", [0, "/"]] } as const;

  test("of an end are not believed before systemd says so too: a restart may follow", async () => {
    peer.answer = describing("active", "running");
    begin();
    await connected();
    await units.describeLoaded([web], signal);
    peer.answer = describing("activating", "auto-restart");
    peer.changed(path, ended);
    await until(() => expect(events).toHaveLength(2));
    expect((await units.describeLoaded([web], signal)).get(web)).toMatchObject({ activeState: "activating" });
    peer.answer = describing("inactive", "dead");
    peer.changed(path, ended);
    await until(() => expect(events).toHaveLength(3));
    expect((await units.describeLoaded([web], signal)).get(web)).toMatchObject({ activeState: "inactive" });
    const asked = peer.calls.length;
    expect((await units.describeLoaded([web], signal)).get(web)).toMatchObject({ activeState: "inactive" });
    expect(peer.calls).toHaveLength(asked);
  });

  test.each(["done", "failed"])(
    "of an end are not believed after a job either that was no stop and is %s",
    async (result) => {
      peer.answer = describing("active", "running");
      begin();
      await connected();
      await units.describeLoaded([web], signal);
      peer.answer = describing("activating", "auto-restart");
      peer.signals(jobRemoved(result));
      peer.changed(path, ended);
      await until(() => expect(events.some(({ kind }) => kind === "changed")).toBe(true));
      expect((await units.describeLoaded([web], signal)).get(web)).toMatchObject({
        activeState: "activating",
      });
    },
  );

  test("that do not come after a job are not waited for long", async () => {
    peer.answer = describing("active", "running");
    begin();
    await connected();
    await units.describeLoaded([web], signal);
    peer.signals(jobRemoved("done"), unitSignal("UnitNew", "other.service"));
    await until(() => expect(events).toHaveLength(2));
    peer.answer = describing("inactive", "dead");
    expect((await units.describeLoaded([web], signal)).get(web)).toMatchObject({ activeState: "inactive" });
  });

  test("about a unit that has left systemd's memory spare the question, until it is back", async () => {
    peer.answer = describing("active", "running");
    begin();
    await connected();
    await units.describeLoaded([web], signal);
    const asked = peer.calls.length;
    peer.signals(unitSignal("UnitRemoved"));
    await until(() => expect(events).toHaveLength(2));
    expect((await units.describeLoaded([web], signal)).size).toBe(0);
    expect(peer.calls).toHaveLength(asked);
    peer.signals(unitSignal("UnitNew"));
    await until(() => expect(events).toHaveLength(3));
    expect((await units.describeLoaded([web], signal)).size).toBe(1);
  });

  test("about a unit that starts after it was described spare all questions", async () => {
    const describe = describing("inactive", "dead");
    peer.answer = (call) => (call.member === "ListUnitsByPatterns" ? rows([]) : describe(call));
    begin();
    await connected();
    expect(await units.describe(web, signal)).toMatchObject({ fragmentPath: "/x/web.service" });
    const asked = peer.calls.length;
    peer.signals(unitSignal("UnitNew"));
    peer.changed(path, {
      ActiveState: ["s", "active"],
      SubState: ["s", "running"],
      Job: ["(uo)", [0, "/"]],
      InvocationID: ["ay", Buffer.from([7])],
    });
    await until(() => expect(events).toHaveLength(2));
    expect((await units.describeLoaded([web], signal)).get(web)).toEqual({
      name: web,
      loadState: "loaded",
      activeState: "active",
      subState: "running",
      hasJob: false,
      fragmentPath: "/x/web.service",
      invocationId: "07",
      needDaemonReload: false,
    });
    expect(peer.calls).toHaveLength(asked);
  });

  test.each(["deactivating", "failed"])(
    "that come between the questions are not overwritten by older answers: %s",
    async (state) => {
      const describe = describing("active", "running");
      peer.answer = (call) => {
        const answer = describe(call);
        // The listing was made before the change, the change before the details.
        if (call.body[1] === "FragmentPath") {
          peer.changed(path, { ActiveState: ["s", state], SubState: ["s", "x"] });
        }
        return answer;
      };
      begin();
      await connected();
      const found = (await units.describeLoaded([web], signal)).get(web);
      // An end that systemd has not been asked about is none yet.
      expect(found).toMatchObject({ activeState: state === "failed" ? "active" : state });
    },
  );

  test("that a unit has gone between the questions make what was said of it before worthless", async () => {
    const describe = describing("active", "running");
    let isGone = false;
    peer.answer = (call) => {
      if (isGone && call.member.startsWith("ListUnits")) return rows([]);
      if (call.body[1] === "FragmentPath") {
        isGone = true;
        peer.signals(unitSignal("UnitRemoved"));
      }
      return describe(call);
    };
    begin();
    await connected();
    expect((await units.describeLoaded([web], signal)).size).toBe(0);
  });

  test("that cannot be read are logged, and harm nothing", async () => {
    begin();
    await connected();
    peer.signals({ member: "JobRemoved", signature: "u", body: [1] }, unitSignal("UnitNew"));
    await until(() => expect(events).toHaveLength(2));
    expect(log.filter((line) => line.startsWith("error"))).toEqual(["error cannot handle a D-Bus message"]);
  });

  test("reach every listener, though one of them throws", async () => {
    begin();
    await connected();
    units.subscribe(() => {
      throw new Error("a bug");
    });
    const heard: UnitManagerEvent[] = [];
    units.subscribe((event) => heard.push(event));
    peer.signals(unitSignal("UnitNew"));
    await until(() => expect(heard).toHaveLength(1));
    expect(log).toContain("error a listener to unit changes failed");
  });
});

test("the boot is the kernel's and the manager's", async () => {
  peer.answer = (call) =>
    call.body[1] === "UserspaceTimestampMonotonic"
      ? { signature: "v", body: [variant("t", 2n ** 60n)] }
      : done;
  begin();
  expect(await units.bootId(signal)).toMatch(/^[0-9a-f-]{36}-1152921504606846976$/);
});
