import { isFleetError } from "@fleet/core";
import { expect, it } from "vitest";
import { groupId } from "./group-id.js";

it.each([
  ["", {}],
  ["0", { groupId: 0 }],
  ["1234", { groupId: 1234 }],
  ["root", { groupId: 0 }],
])("the group %j is %j", (group, found) => {
  expect(groupId(group)).toEqual(found);
});

it("a group that is not there is refused", () => {
  try {
    groupId("no-such-group");
    expect.unreachable();
  } catch (error) {
    expect(isFleetError(error, "not-found")).toBe(true);
  }
});
