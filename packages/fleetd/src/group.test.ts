import { expect, it } from "vitest";
import { runGroup } from "./group.js";

const untilAborted = (seen: string[], name: string) => (signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    signal.addEventListener("abort", () => {
      seen.push(name);
      resolve();
    });
  });

it("stops all when the outer signal aborts", async () => {
  const seen: string[] = [];
  const outer = new AbortController();
  const group = runGroup([untilAborted(seen, "a"), untilAborted(seen, "b")], outer.signal);
  outer.abort();
  await group;
  expect(seen).toEqual(["a", "b"]);
});

it("ends with the first failure, after the others have stopped", async () => {
  const seen: string[] = [];
  const fails = async () => {
    throw new Error("broken");
  };
  const group = runGroup([untilAborted(seen, "a"), fails], new AbortController().signal);
  await expect(group).rejects.toThrow("broken");
  expect(seen).toEqual(["a"]);
});
