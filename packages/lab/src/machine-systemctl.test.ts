import { expect, it } from "vitest";
import { parseInvocationIds } from "./machine-systemctl.js";

it("reads one paragraph a unit, in any order, and leaves out units that never ran", () => {
  const text =
    "Id=a.service\nInvocationID=11\n\nInvocationID=22\nId=b@x.service\n\nId=c.service\nInvocationID=\n";
  expect(parseInvocationIds(text)).toEqual(
    new Map([
      ["a.service", "11"],
      ["b@x.service", "22"],
    ]),
  );
  expect(parseInvocationIds("\n")).toEqual(new Map());
});
