import type { Suggestion } from "@fleet/core";
import type { Place } from "./place.js";
import { decide } from "./plan.js";
import type { Planning } from "./planning.js";
import type { Subject } from "./subject.js";
import { type Candidate, keyOf, namedMax, oneOf, type Trial } from "./suggest-candidate.js";
import { changeView } from "./what-if-change.js";

/** On how many machines one change is planned at most. */
const plannedEachMax = 8;

/** What was found to help. */
export interface Proven {
  readonly suggestion: Suggestion;
  /** What each change that helps is known by, as {@link keyOf} says; of a set, each of its parts. */
  readonly keys: readonly string[];
}

/** Tries changes: by planning the whole cluster with them where that is quick, otherwise by the planner's checks. */
export class Prover {
  readonly #p: Planning;
  readonly #subject: Subject;
  readonly #isPlanned: boolean;
  /** How many plans may be made beyond one for each candidate. */
  #spare: number;

  /** @param plannedMax - In clusters of at most so many units and machines each change is planned. */
  constructor(p: Planning, subject: Subject, plannedMax: number) {
    const size = p.world.subjects.size + p.world.placeOf.size;
    this.#p = p;
    this.#subject = subject;
    this.#isPlanned = size <= plannedMax;
    // A plan takes the longer the more there is.
    this.#spare = Math.min(100, Math.ceil(12_000 / Math.max(size, 1)));
  }

  /** Looks for machines where a change helps, until there are as many as are named. */
  prove(candidate: Candidate): Proven | undefined {
    const { anyOf } = candidate;
    const helpful: { readonly trial: Trial; readonly goesTo: Place | "new"; readonly at: number }[] = [];
    let tried = 0;
    const { promising, trials } = this.#inOrder(candidate);
    for (const [trial, at] of trials) {
      if (helpful.length === (anyOf === undefined ? 1 : namedMax) || !this.#mayTry(tried)) break;
      tried += 1;
      const goesTo = this.#isPlanned ? this.#planWith(trial) : trial.tryIt();
      if (goesTo !== undefined) helpful.push({ trial, goesTo, at });
    }
    const [first] = helpful;
    if (first === undefined) return undefined;
    const { goesTo, trial } = first;
    const places = helpful.flatMap(({ at }) => anyOf?.places[at] ?? []);
    const machine = goesTo !== "new" && this.#p.world.placeOf.has(goesTo.id) ? goesTo.id : undefined;
    return {
      suggestion: {
        what:
          anyOf?.words(oneOf(places, Math.max(0, (promising ?? anyOf.places.length) - tried))) ?? trial.what,
        ...(trial.command === undefined ? {} : { command: trial.command }),
        ...(machine === undefined ? {} : { machine }),
        proof: this.#isPlanned ? "planned" : "tried",
      },
      keys: helpful.flatMap((one) => one.trial.parts ?? keyOf(one.trial)),
    };
  }

  /** Those first that the checks find good, if each costs a plan; and how many these are. */
  #inOrder({ trials }: Candidate): {
    readonly trials: Iterable<readonly [Trial, number]>;
    readonly promising?: number;
  } {
    if (!this.#isPlanned) return { trials: numbered(trials) };
    const good: (readonly [Trial, number])[] = [];
    const others: (readonly [Trial, number])[] = [];
    for (const entry of numbered(trials)) (entry[0].tryIt() === undefined ? others : good).push(entry);
    return { trials: [...good, ...others], promising: good.length };
  }

  #mayTry(tried: number): boolean {
    if (!this.#isPlanned || tried === 0) return true;
    if (tried === plannedEachMax || this.#spare === 0) return false;
    this.#spare -= 1;
    return true;
  }

  /** Where the unit would be if the whole cluster were planned with the change. */
  #planWith({ changes }: Trial): Place | undefined {
    const { options, view } = changeView(this.#p.world, changes);
    const after = decide(view, options);
    const subject = after.world.subjects.get(this.#subject.name);
    return subject === undefined || after.refusals.has(subject) ? undefined : subject.at;
  }
}

function* numbered<T>(values: Iterable<T>): Iterable<readonly [T, number]> {
  let number = 0;
  for (const value of values) {
    yield [value, number];
    number += 1;
  }
}
