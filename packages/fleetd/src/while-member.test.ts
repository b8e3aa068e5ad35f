import type { MachineSession, SessionCondition } from "@fleet/core/ports";
import { expect, it } from "vitest";
import { whileMember } from "./while-member.js";

class Session implements Pick<MachineSession, "condition" | "subscribe"> {
  condition: SessionCondition = "joining";
  readonly #listeners = new Set<(touched: ReadonlySet<never>) => void>();

  subscribe(listener: (touched: ReadonlySet<never>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  become(condition: SessionCondition): Promise<void> {
    this.condition = condition;
    for (const listener of [...this.#listeners]) listener(new Set());
    return new Promise((resolve) => setImmediate(resolve));
  }
}

it("runs while joined, goes on while disconnected, ends when frozen, and begins anew", async () => {
  const session = new Session();
  const seen: string[] = [];
  const end = new AbortController();
  const activity = (signal: AbortSignal) =>
    new Promise<void>((resolve) => {
      seen.push("begins");
      signal.addEventListener("abort", () => {
        seen.push("ends");
        resolve();
      });
    });
  const running = whileMember(session, activity, end.signal);
  expect(seen).toEqual([]);
  await session.become("joined");
  await session.become("disconnected");
  await session.become("joined");
  expect(seen).toEqual(["begins"]);
  await session.become("frozen");
  expect(seen).toEqual(["begins", "ends"]);
  await session.become("joined");
  expect(seen).toEqual(["begins", "ends", "begins"]);
  end.abort();
  await running;
  expect(seen).toEqual(["begins", "ends", "begins", "ends"]);
});

it("passes a failure on", async () => {
  const session = new Session();
  await session.become("joined");
  const fails = async () => {
    throw new Error("broken");
  };
  await expect(whileMember(session, fails, new AbortController().signal)).rejects.toThrow("broken");
});
