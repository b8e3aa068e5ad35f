import { expect, it } from "vitest";
import { isOnTmpfs } from "./tmpfs.js";

it("tells what is in memory, also where nothing is yet", () => {
  expect(isOnTmpfs("/proc/self")).toBe(false);
  expect(isOnTmpfs("/dev/shm")).toBe(true);
  expect(isOnTmpfs("/dev/shm/not/made/yet")).toBe(true);
});
