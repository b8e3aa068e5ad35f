import { fc, test } from "@fast-check/vitest";
import { expect, test as plain } from "vitest";
import { unitNameOfPath, unitPath } from "./unit-path.js";

plain.each([
  ["web.service", "web_2eservice"],
  ["1st@a-b.service", "_31st_40a_2db_2eservice"],
  ["a\\x2db_c:d.timer", "a_5cx2db_5fc_3ad_2etimer"],
])("%s", (name, escaped) => {
  expect(unitPath(name)).toBe(`/org/freedesktop/systemd1/unit/${escaped}`);
});

test.prop([fc.stringMatching(/^[0-9A-Za-z:_.\\@-]{1,40}$/)])("paths give back their names", (name) => {
  expect(unitNameOfPath(unitPath(name))).toBe(name);
});

plain("other objects are no units", () => {
  expect(unitNameOfPath("/org/freedesktop/systemd1/job/7")).toBeUndefined();
});
