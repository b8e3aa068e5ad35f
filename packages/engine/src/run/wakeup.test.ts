import { VirtualClock } from "@fleet/registry/contract";
import { expect, it } from "vitest";
import { Wakeup } from "./wakeup.js";

const never = new AbortController().signal;

it("wakes once for any number of rings that came before", async () => {
  const clock = new VirtualClock();
  const wakeup = new Wakeup(clock);
  wakeup.ring();
  wakeup.ring();
  await wakeup.wait(undefined, never);
  let woken = false;
  const waiting = wakeup.wait(undefined, never).then(() => {
    woken = true;
  });
  await clock.settle();
  expect(woken).toBe(false);
  wakeup.ring();
  await waiting;
});

it("wakes when its time is up, and leaves no timer behind when it is rung before", async () => {
  const clock = new VirtualClock();
  const wakeup = new Wakeup(clock);
  const timed = wakeup.wait(1_000, never);
  await clock.advance(1_000);
  await timed;
  const rung = wakeup.wait(1_000, never);
  wakeup.ring();
  await rung;
  let woken = false;
  const next = wakeup.wait(undefined, never).then(() => {
    woken = true;
  });
  await clock.advance(5_000);
  expect(woken).toBe(false);
  wakeup.ring();
  await next;
});

it("rejects with the signal's reason, before waiting and while it waits", async () => {
  const clock = new VirtualClock();
  const wakeup = new Wakeup(clock);
  const reason = new Error("enough");
  const stop = new AbortController();
  const waiting = wakeup.wait(1_000, stop.signal);
  stop.abort(reason);
  await expect(waiting).rejects.toBe(reason);
  await expect(wakeup.wait(1_000, stop.signal)).rejects.toBe(reason);
});
