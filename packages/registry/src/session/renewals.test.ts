import { FleetError } from "@fleet/core";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { makeLateDaemon } from "../contract/daemon.js";
import { makeMemoryHarness } from "../contract/memory-harness.js";
import { never, write } from "../contract/store-words.js";
import { TestDocuments } from "../contract/test-machine.js";
import { createMachineSession } from "./machine-session.js";

type Harness = Awaited<ReturnType<typeof makeMemoryHarness>>;

let harness: Harness;
let stop: AbortController;
let running: Promise<unknown>;

beforeEach(async () => {
  harness = await makeMemoryHarness();
  stop = new AbortController();
});
afterEach(async () => {
  stop.abort();
  await running;
  await harness.close();
});

async function join() {
  const { late, machine, options } = await makeLateDaemon(harness);
  const told: number[] = [];
  const session = createMachineSession({
    ...options,
    instance: "process",
    ttlSeconds: 3,
    runtime: new TestDocuments(),
    disk: new TestDocuments(),
    onRenewed: (validUntilMs) => told.push(validUntilMs),
    description: {
      id: machine,
      primaryIp: "",
      apiAddresses: [],
      metadata: {},
      version: "1.0.0",
      bootId: "boot",
    },
  });
  running = session.run(stop.signal);
  return { late, machine, keys: options.keys, session, told };
}

it("tells of renewals while the machine counts as present, each for a lifetime from when it was sent", async () => {
  const { session, told } = await join();
  await harness.until("it to join", () => session.condition === "joined");
  const { clock } = harness;
  for (let second = 0; second < 6; second += 1) {
    await harness.pass(1_000);
    const leftMs = (told.at(-1) ?? 0) - clock.boottime();
    expect(leftMs).toBeGreaterThan(1_900);
    expect(leftMs).toBeLessThanOrEqual(3_000);
  }
});

it("tells nothing of a lease on which there is no presence: others count from that", async () => {
  const { keys, late, machine, session, told } = await join();
  late.fate = () => "lost";
  await harness.pass(10_000);
  expect(session.condition).toBe("joining");
  expect(told).toEqual([]);
  late.fate = () => "pass";
  await harness.until("it to join", () => session.condition === "joined");
  expect(told.length).toBeGreaterThan(0);
  // Somebody takes the presence away, and it cannot be put back; the lease lives on.
  late.fate = () => "lost";
  await write(harness.store, { kind: "delete", key: keys.presence(machine) });
  await harness.pass(1_500);
  const count = told.length;
  await harness.pass(10_000);
  expect((await harness.store.range({ key: keys.presence(machine) }, never)).count).toBe(0);
  expect(told.length).toBe(count);
});

it("tells nothing of a new presence before the seats have been read: they may have gone elsewhere meanwhile", async () => {
  const { late, keys, machine, session, told } = await join();
  await harness.until("it to join", () => session.condition === "joined");
  const { registration } = session;
  const seats = keys.seats(machine);
  let letGo = (): void => undefined;
  let failures = 1;
  const range = late.range.bind(late);
  vi.spyOn(late, "range").mockImplementation(async (request, signal) => {
    if ("prefix" in request && request.prefix === seats) {
      // The next try finds the machine registered already, which says nothing of its seats either.
      if (failures-- > 0) throw new FleetError("unavailable", "cannot read");
      await new Promise<void>((resolve) => (letGo = resolve));
    }
    return await range(request, signal);
  });
  await write(harness.store, { kind: "delete", key: keys.presence(machine) });
  await harness.until("it to be present again", () => session.registration === registration + 1);
  const count = told.length;
  await harness.pass(2_000);
  expect(told.length).toBe(count);
  letGo();
  await harness.until("it to tell of the renewals", () => told.length > count);
});
