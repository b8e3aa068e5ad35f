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
});
