import { contentId } from "@fleet/core";
import { expect, test } from "vitest";
import { UnitTexts } from "./unit-texts.js";

const { signal } = new AbortController();

test("units of one text share its reading, and the next reading is a new one", async () => {
  const texts = ["[Service]\nExecStart=/bin/a\n", "[Service]\nExecStart=/bin/b\n"];
  const [a, b] = texts.map((text) => ({ contentId: contentId(text) }));
  if (a === undefined || b === undefined) throw new Error("two texts");
  let reads: string[] = [];
  const source = new UnitTexts({
    readUnitText: async (id) => {
      reads.push(id);
      return texts.find((text) => contentId(text) === id);
    },
  });
  expect(await Promise.all([a, b, a].map((seat) => source.read(seat, signal)))).toEqual([...texts, texts[0]]);
  expect(reads).toEqual([a.contentId, b.contentId]);
  reads = [];
  expect(await source.read(a, signal)).toBe(texts[0]);
  expect(reads).toEqual([a.contentId]);
});

test("a reading that fails fails for all who wait for it, and for nobody after them", async () => {
  let problem: Error | undefined = new Error("away");
  const seat = { contentId: contentId("[Service]\n") };
  const source = new UnitTexts({
    readUnitText: async () => {
      if (problem !== undefined) throw problem;
      return "[Service]\n";
    },
  });
  const both = await Promise.allSettled([source.read(seat, signal), source.read(seat, signal)]);
  expect(both.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  problem = undefined;
  expect(await source.read(seat, signal)).toBe("[Service]\n");
});
