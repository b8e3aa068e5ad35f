import { expect, it } from "vitest";
import { explanationPage } from "./explanation-page.js";

it("keeps what machines say of themselves from commanding the terminal", () => {
  const page = explanationPage(
    {
      name: "a.service",
      standing: "refused",
      summary: "has no place",
      revision: 7,
      objections: [
        { total: 1, what: "lacks it", wanted: "k=v", found: [{ what: "x\u001b[31m\ny", machines: 1 }] },
      ],
    } as never,
    new Map(),
  );
  expect(page).toContain("x\\x1b[31m\\ny");
  expect(page).not.toContain("\u001b");
});
