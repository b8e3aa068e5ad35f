import { compileGlob, hasGlobCharacters } from "@fleet/core";

/** Counts by machine index; a machine without an entry counts 0. */
export type Tally = Map<number, number>;

/** A pattern of `Conflicts` or `Replaces`, shared by all units that write it. */
export interface Pattern {
  readonly text: string;
  readonly matches: (name: string) => boolean;
  /** How many units that declare it are on a machine. */
  readonly declared: Tally;
  /** How many units that it matches are on a machine. */
  readonly matched: Tally;
}

/**
 * Finds the patterns that match a name without trying all of them: plain names are looked up, the others are kept by
 * what they begin with. A pattern that begins with a wildcard is tried on every name.
 */
export class PatternBook {
  readonly #plain = new Map<string, Pattern>();
  readonly #globs = new Map<string, Pattern>();
  readonly #byPrefix = new Map<string, Pattern[]>();
  readonly #prefixLengths = new Set<number>();

  /** The one pattern of this text. */
  intern(text: string): Pattern {
    const book = hasGlobCharacters(text) ? this.#globs : this.#plain;
    const known = book.get(text);
    if (known !== undefined) return known;
    const pattern = { text, matches: compile(text), declared: new Map(), matched: new Map() };
    book.set(text, pattern);
    if (book === this.#globs) this.#index(pattern);
    return pattern;
  }

  /** Takes a pattern out that nobody declares any more. Who holds it may go on counting with it. */
  forget(text: string): void {
    this.#plain.delete(text);
    const pattern = this.#globs.get(text);
    if (pattern === undefined) return;
    this.#globs.delete(text);
    const prefix = prefixOf(text);
    const peers = this.#byPrefix.get(prefix)!.filter((peer) => peer !== pattern);
    if (peers.length > 0) this.#byPrefix.set(prefix, peers);
    else this.#byPrefix.delete(prefix);
  }

  /** The interned patterns that match `name`, plain ones first. */
  matching(name: string): readonly Pattern[] {
    const plain = this.#plain.get(name);
    const found: Pattern[] = plain === undefined ? [] : [plain];
    for (const length of this.#prefixLengths) {
      if (length > name.length) continue;
      for (const pattern of this.#byPrefix.get(name.slice(0, length)) ?? []) {
        if (pattern.matches(name)) found.push(pattern);
      }
    }
    return found.length === 0 ? nothing : found;
  }

  #index(pattern: Pattern): void {
    const prefix = prefixOf(pattern.text);
    const peers = this.#byPrefix.get(prefix);
    if (peers !== undefined) {
      peers.push(pattern);
      return;
    }
    this.#byPrefix.set(prefix, [pattern]);
    this.#prefixLengths.add(prefix.length);
  }
}

/** What every name begins with that the pattern matches: what comes before the first character of meaning. */
export function prefixOf(text: string): string {
  const end = text.search(/[*?[\\]/);
  return end < 0 ? text : text.slice(0, end);
}

/**
 * Adds a quick no to the rule's own matcher: what stands between the stars of a pattern has to be in the name. Patterns
 * that begin with a star are tried on every name, so this is where the time goes.
 */
function compile(text: string): (name: string) => boolean {
  const matches = compileGlob(text);
  if (/[?[\\]/.test(text)) return matches;
  const fragments = text.split("*").filter(Boolean);
  return (name) => fragments.every((fragment) => name.includes(fragment)) && matches(name);
}

const nothing: readonly Pattern[] = [];

/** Adds to a count; an entry that reaches 0 goes. */
export function tally(counts: Tally, machine: number, by: 1 | -1): void {
  const count = (counts.get(machine) ?? 0) + by;
  if (count === 0) counts.delete(machine);
  else counts.set(machine, count);
}
