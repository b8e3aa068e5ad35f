import type { Draft } from "../draft.js";
import type { Place } from "../place.js";
import type { CheckName } from "../refusal.js";
import type { Subject } from "../subject.js";

/** What is wrong with a machine, for one and for several: `lacks zone=eu`, `lack zone=eu`. */
export interface Objection {
  readonly one: string;
  readonly many: string;
}

/** One reason why a machine may be unfit for a unit, given what is proposed so far. */
export interface Check {
  readonly name: CheckName;
  /** Quick: it is asked once for every machine that is considered. */
  passes(subject: Subject, place: Place, draft: Draft): boolean;
  /** Words for a check that did not pass. */
  explain(subject: Subject, place: Place, draft: Draft): Objection;
  /** Whether the words are the same for every machine. */
  isUniform?(subject: Subject): boolean;
  /** Words for the machines beyond those that are worth a closer look; absent if {@link explain} is quick anyway. */
  readonly inGeneral?: Objection;
}

/** An objection that reads the same for one machine and for several. */
export function objection(text: string): Objection {
  return { one: text, many: text };
}
