import type { Check } from "./check.js";

/** A machine that will not take the unit, because its own host has one of that name for example, is not asked again. */
export const willingness: Check = {
  name: "willingness",
  passes: (subject, place) => !subject.refusedBy.has(place.index),
  explain: (subject, place) => {
    const reason = subject.refusedBy.get(place.index);
    const because = reason === undefined || reason === "" ? "" : ` (${reason})`;
    return { one: `refuses it${because}`, many: `refuse it${because}` };
  },
};
