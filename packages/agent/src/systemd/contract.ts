import { isFleetError, type UnitName } from "@fleet/core";
import type { LocalUnit, UnitDirectory, UnitManager, UnitManagerEvent } from "@fleet/core/ports";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

/** A unit manager under test with a directory for unit files that it does not search by itself. */
export interface ContractSubject {
  readonly unitManager: UnitManager;
  readonly unitDirectory: UnitDirectory;
  dispose(): Promise<void>;
}

const texts = {
  service: "[Service]\nExecStart=/bin/sleep 1000\n",
  other: "[Unit]\nDescription=another\n[Service]\nExecStart=/bin/sleep 2000\n",
  oneshot: "[Service]\nType=oneshot\nExecStart=/bin/true\n",
  failing: "[Service]\nType=oneshot\nExecStart=/bin/false\n",
  withInstall: "[Service]\nExecStart=/bin/sleep 1000\n[Install]\nWantedBy=default.target\n",
  bad: "[Service]\nType=simple\n",
};

/**
 * What every `UnitManager` promises. Names begin with `contract-`, and each test has names of its own.
 * @param open - Makes a subject on which none of these units exists.
 */
export function unitManagerContract(title: string, open: () => Promise<ContractSubject>): void {
  describe(title, () => {
    let subject: ContractSubject;
    let units: UnitManager;
    let stop: AbortController;
    let running: Promise<void>;
    let events: UnitManagerEvent[];
    const { signal } = new AbortController();

    beforeEach(async () => {
      subject = await open();
      units = subject.unitManager;
      events = [];
      stop = new AbortController();
      units.subscribe((event) => events.push(event));
      running = units.run(stop.signal);
      await units.bootId(signal);
    });

    afterEach(async () => {
      for (const name of await subject.unitDirectory.list()) {
        await (await units.stop(name, signal)).result;
        await units.disable([name], signal);
        await subject.unitDirectory.remove(name);
        await units.resetFailed(name, signal);
      }
      stop.abort();
      await running;
      await subject.dispose();
    });

    const put = async (name: string, text: string): Promise<UnitName> => {
      await subject.unitDirectory.write(name as UnitName, text);
      await units.link([subject.unitDirectory.pathOf(name as UnitName)], signal);
      return name as UnitName;
    };
    const started = async (name: UnitName) => (await units.start(name, signal)).result;
    const code = (work: Promise<unknown>) =>
      work.then(
        () => "no error",
        (error: unknown) => (isFleetError(error) ? error.code : String(error)),
      );
    const eventually = async (name: UnitName, facts: Partial<LocalUnit>) =>
      vi.waitFor(async () => expect(await units.describe(name, signal)).toMatchObject(facts), 10_000);

    test("says that it is connected, and begins with a resync", () => {
      expect(units.connected).toBe(true);
      expect(units.problem).toBeUndefined();
      expect(events[0]).toEqual({ kind: "resynced" });
    });

    test("the boot id stays the same", async () => {
      const bootId = await units.bootId(signal);
      expect(bootId).not.toBe("");
      expect(await units.bootId(signal)).toBe(bootId);
    });

    test("the system has a state", async () => {
      expect(await units.systemState(signal)).toMatch(/^[a-z]+$/);
    });

    test("a unit without a file is not-found", async () => {
      expect(await units.describe("contract-none.service" as UnitName, signal)).toEqual({
        name: "contract-none.service",
        loadState: "not-found",
        activeState: "inactive",
        subState: "dead",
        fragmentPath: "",
        invocationId: "",
        needDaemonReload: false,
        hasJob: false,
      });
    });

    test("a linked unit is loaded from its file", async () => {
      const name = await put("contract-linked.service", texts.service);
      expect(await units.describe(name, signal)).toEqual({
        name,
        loadState: "loaded",
        activeState: "inactive",
        subState: "dead",
        fragmentPath: subject.unitDirectory.pathOf(name),
        invocationId: "",
        needDaemonReload: false,
        hasJob: false,
      });
    });

    test("a link replaces what systemd did not find before", async () => {
      const name = "contract-late.service" as UnitName;
      await units.describe(name, signal);
      await put(name, texts.service);
      expect(await units.describe(name, signal)).toMatchObject({ loadState: "loaded" });
    });

    test("linking a file that is not there is not-found", async () => {
      const path = subject.unitDirectory.pathOf("contract-none.service" as UnitName);
      expect(await code(units.link([path], signal))).toBe("not-found");
    });

    test("instances and names with odd characters are units like others", async () => {
      for (const name of ["contract@1.service", "contract-a\\x2db:c_d.service"]) {
        await put(name, texts.service);
        expect(await started(name as UnitName)).toBe("done");
        expect((await units.describeLoaded([name as UnitName], signal)).get(name as UnitName)).toMatchObject({
          activeState: "active",
          fragmentPath: subject.unitDirectory.pathOf(name as UnitName),
        });
      }
    });

    test("a started service is active with an invocation id", async () => {
      const name = await put("contract-start.service", texts.service);
      expect(await started(name)).toBe("done");
      const unit = await units.describe(name, signal);
      expect(unit).toMatchObject({ activeState: "active", subState: "running", hasJob: false });
      expect(unit.invocationId).toMatch(/^[0-9a-f]{32}$/);
    });

    test("starting an active unit changes nothing", async () => {
      const name = await put("contract-again.service", texts.service);
      await started(name);
      const before = await units.describe(name, signal);
      expect(await started(name)).toBe("done");
      expect(await units.describe(name, signal)).toEqual(before);
    });

    test("many starts at once each have their result", async () => {
      const names = Array.from({ length: 20 }, (_, index) => `contract-many-${index}.service`);
      for (const name of names) await put(name, texts.oneshot);
      const jobs = await Promise.all(names.map((name) => units.start(name as UnitName, signal)));
      expect(new Set(await Promise.all(jobs.map((job) => job.result)))).toEqual(new Set(["done"]));
    });

    test("a stopped service is inactive when its job has ended", async () => {
      const name = await put("contract-stop.service", texts.service);
      await started(name);
      expect(await (await units.stop(name, signal)).result).toBe("done");
      expect(await units.describe(name, signal)).toMatchObject({ activeState: "inactive", hasJob: false });
    });

    test("what is not loaded is stopped already", async () => {
      const job = await units.stop("contract-none.service" as UnitName, signal);
      expect(await job.result).toBe("done");
    });

    test("starting what has no file is not-found", async () => {
      expect(await code(units.start("contract-none.service" as UnitName, signal))).toBe("not-found");
    });

    test("a file that systemd does not accept is bad-setting, and starting it a conflict", async () => {
      const name = await put("contract-bad.service", texts.bad);
      expect(await units.describe(name, signal)).toMatchObject({ loadState: "bad-setting" });
      expect(await code(units.start(name, signal))).toBe("conflict");
    });

    test("a failing unit fails its job until its failure is cleared", async () => {
      const name = await put("contract-fail.service", texts.failing);
      expect(await started(name)).toBe("failed");
      await eventually(name, { activeState: "failed" });
      await units.resetFailed(name, signal);
      await eventually(name, { activeState: "inactive" });
    });

    test("a unit whose link was taken away while it runs has no file, until it is linked again", async () => {
      const name = await put("contract-unlinked.service", texts.service);
      await started(name);
      const before = await units.describe(name, signal);
      await units.disable([name], signal);
      expect(await units.describe(name, signal)).toMatchObject({
        loadState: "loaded",
        isFileGone: true,
        needDaemonReload: true,
      });
      await units.link([subject.unitDirectory.pathOf(name)], signal);
      expect(await units.describe(name, signal)).toEqual(before);
      expect((await units.describeLoaded([name], signal)).get(name)).toEqual(before);
    });

    test("clearing the failure of an unknown unit is no error", async () => {
      await units.resetFailed("contract-none.service" as UnitName, signal);
    });

    test("describes in one call what systemd has in memory, and nothing else", async () => {
      const running = await put("contract-running.service", texts.service);
      await started(running);
      const none = "contract-none.service" as UnitName;
      const described = await units.describeLoaded([running, none], signal);
      expect([...described.keys()]).toEqual([running]);
      expect(described.get(running)).toEqual(await units.describe(running, signal));
      expect(await units.describeLoaded([running, none], signal)).toEqual(described);
    });

    test("a change is announced, and seen by who looks then", async () => {
      const name = await put("contract-event.service", texts.service);
      await units.describeLoaded([name], signal);
      const looks: Promise<string | undefined>[] = [];
      units.subscribe((event) => {
        if (event.kind !== "changed" || !event.units.has(name)) return;
        looks.push(units.describeLoaded([name], signal).then((found) => found.get(name)?.activeState));
      });
      await started(name);
      await vi.waitFor(async () => expect(await looks.at(-1)).toBe("active"), 10_000);
      await (await units.stop(name, signal)).result;
      await vi.waitFor(async () => expect([undefined, "inactive"]).toContain(await looks.at(-1)), 10_000);
    });

    test("who no longer listens hears nothing", async () => {
      const name = await put("contract-silent.service", texts.oneshot);
      const heard: UnitManagerEvent[] = [];
      units.subscribe((event) => heard.push(event))();
      await started(name);
      await vi.waitFor(() => expect(events.length).toBeGreaterThan(1), 10_000);
      expect(heard).toEqual([]);
    });

    test("a changed file needs a reload, which is followed by a resync", async () => {
      const name = await put("contract-reload.service", texts.service);
      await started(name);
      await subject.unitDirectory.write(name, texts.other);
      expect(await units.describe(name, signal)).toMatchObject({ needDaemonReload: true });
      events.length = 0;
      await units.reload(signal);
      await vi.waitFor(() => expect(events).toContainEqual({ kind: "resynced" }), 10_000);
      expect(await units.describe(name, signal)).toMatchObject({
        needDaemonReload: false,
        activeState: "active",
      });
    });

    test("disabling undoes enabling and linking; unknown names are no error", async () => {
      const name = await put("contract-install.service", texts.withInstall);
      await units.enable([subject.unitDirectory.pathOf(name)], signal);
      expect(await units.describe(name, signal)).toMatchObject({ loadState: "loaded" });
      await units.disable(["contract-none.service" as UnitName, name], signal);
      await subject.unitDirectory.remove(name);
      await eventually(name, { loadState: "not-found" });
    });

    test("an aborted call rejects with the signal's reason", async () => {
      const reason = new Error("enough");
      const name = "contract-none.service" as UnitName;
      await expect(units.describe(name, AbortSignal.abort(reason))).rejects.toBe(reason);
      await expect(units.start(name, AbortSignal.abort(reason))).rejects.toBe(reason);
    });

    test("without a connection every call is unavailable, and the end is announced", async () => {
      stop.abort();
      await running;
      expect(units.connected).toBe(false);
      expect(units.problem).toMatch(/connection/);
      expect(await code(units.describe("contract-none.service" as UnitName, signal))).toBe("unavailable");
      expect(await code(units.start("contract-none.service" as UnitName, signal))).toBe("unavailable");
      expect(events.at(-1)?.kind).toBe("disconnected");
      stop = new AbortController();
      running = units.run(stop.signal);
      await units.bootId(signal);
      expect(units.connected).toBe(true);
      expect(units.problem).toBeUndefined();
    });
  });
}
