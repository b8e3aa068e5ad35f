import { expect, it } from "vitest";
import { exclusiveFenceMs } from "./exclusive-fence.js";

it("adds up a lease, the longest stop, and a second", () => {
  expect(exclusiveFenceMs(10_000, 10_000)).toBe(21_000);
});
