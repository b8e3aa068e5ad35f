import { FleetError, type UnitName } from "@fleet/core";
import { beforeEach, describe, expect, test } from "vitest";
import type { ExclusiveAgent, ExclusiveCare } from "./exclusive-care.js";
import { service, TestMachine, unit } from "./testing/test-machine.js";

const web = unit("web.service");
const once = service("one", "[X-Fleet]\nExclusive=true\n");

/** A care that says what the test wants. */
class FakeCare implements ExclusiveCare {
  readonly events: string[] = [];
  readonly tokens = new Map<UnitName, number>();
  agent: ExclusiveAgent | undefined;
  why: string | undefined;
  left = 0;

  async run(agent: ExclusiveAgent, signal: AbortSignal): Promise<void> {
    this.agent = agent;
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  }

  async prepare(name: UnitName): Promise<void> {
    this.events.push(`prepare ${name}`);
  }

  async withdraw(name: UnitName): Promise<void> {
    this.events.push(`withdraw ${name}`);
  }

  obstacle(): string | undefined {
    return this.why;
  }

  async admit(name: UnitName, _text: string, token: number): Promise<void> {
    this.tokens.set(name, token);
    this.events.push(`admit ${name}`);
  }

  async isOutdated(name: UnitName, token: number): Promise<boolean> {
    return (this.tokens.get(name) ?? token) < token;
  }

  observe(): void {}

  async ensureGone(name: UnitName): Promise<void> {
    if (this.left > 0) throw new FleetError("conflict", `cannot let go of ${name}: it is still there`);
  }
}

describe("an exclusive unit", () => {
  let machine: TestMachine;
  let care: FakeCare;
  beforeEach(async () => {
    machine = new TestMachine();
    care = new FakeCare();
    machine.exclusive = care;
    await machine.begin();
    machine.session.seat(web, { text: once });
  });

  test("is prepared before it is loaded, admitted before it is started, and withdrawn when it goes", async () => {
    await machine.settle();
    expect(await machine.local(web)).toBe("active/running");
    expect(care.events).toEqual(["prepare web.service", "admit web.service"]);
    machine.session.seat(web, { target: "absent" });
    await machine.settle();
    expect(care.events.at(-1)).toBe("withdraw web.service");
  });

  test("waits for what is in its way, and says for what", async () => {
    care.why = "exclusive: waits for the guard";
    await machine.settle();
    expect(await machine.local(web)).not.toBe("active/running");
    expect(machine.session.states.get(web)).toMatchObject({ reason: care.why });
    care.why = undefined;
    care.agent?.lookAgain([web]);
    await machine.settle();
    expect(await machine.local(web)).toBe("active/running");
  });

  test("is acknowledged only when no process is left, whatever systemd says", async () => {
    await machine.settle();
    care.left = 1;
    machine.session.seat(web, { target: "absent" });
    await machine.settle();
    expect(machine.session.states.get(web)?.acked).toBeUndefined();
    care.left = 0;
    await machine.clock.advance(10_000);
    expect(machine.session.states.get(web)).toMatchObject({ condition: "unloaded" });
  });

  test("is started anew after its guard has stopped it", async () => {
    await machine.settle();
    await machine.systemd.stop(web, new AbortController().signal);
    await machine.settle();
    expect(await machine.local(web)).not.toBe("active/running");
    await care.agent?.forgetStarts(web);
    care.agent?.lookAgain([web]);
    await machine.settle();
    expect(await machine.local(web)).toBe("active/running");
  });

  test("is started anew if it runs with the token of an older seat", async () => {
    await machine.settle();
    const before = await machine.invocation(web);
    care.tokens.set(web, 1);
    // As if nobody knew of its start: it runs, and is adopted.
    await care.agent?.forgetStarts(web);
    care.agent?.lookAgain([web]);
    await machine.settle();
    expect(await machine.local(web)).toBe("active/running");
    expect(await machine.invocation(web)).not.toBe(before);
    expect(care.tokens.get(web)).toBeGreaterThan(1);
  });

  describe("whose start has to wait for other jobs", () => {
    beforeEach(async () => {
      await machine.settle();
      machine.session.seat(web, { target: "loaded" });
      await machine.settle();
      machine.systemd.holdsJobs = true;
      for (let n = 0; n < 16; n += 1) machine.session.seat(unit(`slow${n}.service`), { text: service() });
      await machine.clock.settle();
      care.events.length = 0;
      machine.session.seat(web, { target: "launched" });
      await machine.clock.settle();
      expect(care.events).toEqual(["admit web.service"]);
      machine.systemd.calls.length = 0;
    });

    const letGo = async () => {
      machine.systemd.holdsJobs = false;
      machine.systemd.finishJobs();
      await machine.settle();
    };

    test("is admitted once more before systemd is asked", async () => {
      await letGo();
      expect(care.events).toEqual(["admit web.service", "admit web.service"]);
      expect(machine.takeCalls("start")).toEqual([web]);
    });

    test("is not started if it may not be by then, and nothing is remembered as begun", async () => {
      care.why = "exclusive: waits for the lease";
      await letGo();
      expect(machine.takeCalls("start")).toEqual([]);
      expect([...machine.runtimeDocuments.documents.values()].join()).not.toContain("intent");
      care.why = undefined;
      care.agent?.lookAgain([web]);
      await machine.clock.advance(5_000);
      expect(await machine.local(web)).toBe("active/running");
    });

    test("is not started if that ends while its intent is written", async () => {
      const { write } = machine.runtimeDocuments;
      machine.runtimeDocuments.write = async (name, document) => {
        if (JSON.stringify(document).includes("intent")) care.why = "exclusive: waits for the lease";
        await write.call(machine.runtimeDocuments, name, document);
      };
      await letGo();
      expect(machine.takeCalls("start")).toEqual([]);
      expect([...machine.runtimeDocuments.documents.values()].join()).not.toContain("intent");
    });

    test("is not started if its seat is another by then", async () => {
      machine.session.seat(web, { target: "absent" });
      await letGo();
      expect(machine.takeCalls("start")).toEqual([]);
      expect(machine.session.states.get(web)).toMatchObject({ condition: "unloaded" });
    });
  });
});
