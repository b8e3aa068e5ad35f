import { parseMachineId } from "@fleet/core";
import { describe, expect, it } from "vitest";
import { serviceName } from "../../../../test/support/cluster-sketch.js";
import type { EngineTask } from "../plan/task.js";
import { WorkQueue } from "./work-queue.js";

/** Tasks from `a@m1`, `a@m1/2` (stage 2), `a@m1/2:c` (of c's component), `-a@m1` (an unseat). */
function tasks(text: string): readonly EngineTask[] {
  return text.split(" ").map((word) => {
    const [, minus = "", unit = "", machine = "", stage = "1", component = unit] =
      /^(-?)(\w+)@(\w+)(?:\/(\d))?(?::(\w+))?$/.exec(word) ?? [];
    return {
      kind: minus === "-" ? "unseat" : "seat",
      unit: serviceName(unit),
      machine: parseMachineId(machine),
      component: serviceName(component),
      stage: Number(stage),
    } as EngineTask;
  });
}

const namesOf = (taken: readonly EngineTask[]): string =>
  taken.map(({ unit }) => unit.replace(".service", "")).join(" ");

function queueOf(text: string): WorkQueue {
  const queue = new WorkQueue();
  queue.put(tasks(text));
  return queue;
}

describe("a work queue", () => {
  it("hands out what runs somewhere first, and then machine by machine", () => {
    const queue = queueOf("a@m2 b@m1 c@m2 d@m1 -e@m3");
    expect(namesOf(queue.take(3))).toBe("e b d");
    expect(namesOf(queue.take(3))).toBe("a c");
    expect(queue.length).toBe(0);
  });

  it("lets a stage wait until all of the one before is written", () => {
    const queue = queueOf("a@m1/1:a b@m2/1:a f@m1/2:a g@m1/3:a x@m9");
    const first = queue.take(9);
    expect(namesOf(first)).toBe("a b x");
    expect(queue.done(first[0]!, true)).toEqual([]);
    expect(queue.length).toBe(0);
    queue.done(first[1]!, true);
    const second = queue.take(9);
    expect(namesOf(second)).toBe("f");
    queue.done(second[0]!, true);
    expect(namesOf(queue.take(9))).toBe("g");
  });

  it("drops the later stages when something of a stage was not written, and nothing of others", () => {
    const queue = queueOf("a@m1/1:a b@m2/1:a f@m1/2:a g@m1/3:a x@m9/1:x y@m9/2:x");
    const [a, b, x] = queue.take(9);
    expect(queue.done(a!, false)).toEqual([]);
    expect(namesOf(queue.done(b!, true))).toBe("f g");
    queue.done(x!, true);
    expect(namesOf(queue.take(9))).toBe("y");
  });
});
