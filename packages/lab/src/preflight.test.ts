import { expect, it } from "vitest";
import { wayFor } from "./preflight.js";

it.each([
  // uid, booted with systemd, unified cgroups, way
  [0, false, false, "namespace"],
  [0, false, true, "namespace"],
  [0, true, false, "namespace"],
  [0, true, true, "delegated-system"],
  [1000, true, true, "delegated-user"],
  [1000, true, false, undefined],
  [1000, false, true, undefined],
] as const)("uid %i, systemd %s, cgroup v2 %s: %s", (uid, bootedWithSystemd, unifiedCgroups, way) => {
  expect(wayFor({ uid, bootedWithSystemd, unifiedCgroups })).toBe(way);
});
