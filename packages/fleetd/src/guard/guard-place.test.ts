import { expect, test } from "vitest";
import { managerGroup } from "./guard-place.js";

test.each([
  ["the machine's systemd", "0::/system.slice/fleet-guard.service\n", ""],
  ["one with cgroup v1 beside", "3:cpu:/\n1:name=systemd:/system.slice/fleet-guard.service\n0::/\n", ""],
  [
    "a user's",
    "0::/user.slice/user-1000.slice/user@1000.service/app.slice/fleet-guard.service\n",
    "/user.slice/user-1000.slice/user@1000.service",
  ],
  ["one in a container", "0::/lab/m1/payload/system.slice/fleet-guard.service\n", "/lab/m1/payload"],
  ["none", "0::/init.scope\n", ""],
])("finds where %s keeps its units", (_name, text, expected) => {
  expect(managerGroup(text)).toBe(expected);
});
