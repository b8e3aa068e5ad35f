import type { Job } from "@fleet/core/ports";
import type { TaskContext } from "./task-handlers.js";
import type { UnitMemory } from "./unit-memory.js";

/** Queues a job when systemd has few enough of them. */
export async function queued(
  { bound, touch }: Pick<TaskContext, "bound" | "touch">,
  memory: UnitMemory,
  queue: () => Promise<Job>,
  signal: AbortSignal,
): Promise<Job> {
  memory.isQueued = true;
  const begin = () => {
    memory.isQueued = false;
    touch(memory.name);
  };
  try {
    return await bound.run(() => {
      begin();
      return queue();
    }, signal);
  } finally {
    if (memory.isQueued) begin();
  }
}
