import type { Stance } from "../place.js";
import type { Check, Objection } from "./check.js";

const objections: Readonly<Record<Stance, Objection>> = {
  open: { one: "takes units", many: "take units" },
  cordoned: { one: "is cordoned", many: "are cordoned" },
  drained: { one: "is being drained", many: "are being drained" },
  leaving: { one: "is shutting down", many: "are shutting down" },
  frozen: { one: "does not believe the registry", many: "do not believe the registry" },
  unreadable: { one: "has a record that cannot be read", many: "have records that cannot be read" },
  away: { one: "is away", many: "are away" },
  released: { one: "is away", many: "are away" },
  forgotten: { one: "was forgotten", many: "were forgotten" },
};

/** New seats go only to machines that are there, up, and neither cordoned nor drained. */
export const takesUnits: Check = {
  name: "takes-units",
  passes: (_subject, place) => place.stance === "open",
  explain: (_subject, place) => objections[place.stance],
};
