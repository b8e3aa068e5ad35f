import type { Check } from "./check.js";

/** A seat is never written over another: a tombstone has to be obeyed and collected first. */
export const vacancy: Check = {
  name: "vacancy",
  passes: (subject, place) => !subject.keyed.has(place.index),
  explain: (subject, place) =>
    subject.claims.some((claim) => claim.place === place)
      ? { one: "is the one it has to leave", many: "are those it has to leave" }
      : { one: "has yet to stop its old copy", many: "have yet to stop its old copy" },
};
