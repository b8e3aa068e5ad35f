import {
  type ContentId,
  isSeated,
  parseRequirements,
  type Seat,
  type Unit,
  type UnitName,
} from "@fleet/core";
import type { UnitContents } from "./unit-contents.js";

/**
 * What units whose records cannot be read, or are gone though nobody destroyed the unit, are presumed to be: what the newest
 * of their seats says. Their copies run on, and what they exclude and take stands in the text that the seat names.
 */
export class PresumedUnits {
  readonly #units = new Map<UnitName, Unit>();
  readonly #contents: UnitContents;

  constructor(contents: UnitContents) {
    this.#contents = contents;
  }

  /** By name. */
  get all(): ReadonlyMap<UnitName, Unit> {
    return this.#units;
  }

  /** Whether a unit is presumed to be of a text, or may be once the text is there. */
  isOf(name: UnitName, id: ContentId): boolean {
    return this.#units.get(name)?.contentId === id;
  }

  /** The record can be read, or the unit was destroyed. */
  forget(name: UnitName): void {
    this.#units.delete(name);
  }

  /** Looks at a unit's seats. The same unit stays as long as it says the same. */
  presume(name: UnitName, seats: Iterable<Seat>): void {
    let newest: Seat | undefined;
    for (const seat of seats) {
      if (isSeated(seat) && (newest === undefined || isNewer(seat, newest))) newest = seat;
    }
    if (newest === undefined) {
      this.#units.delete(name);
      return;
    }
    const found = this.#contents.get(newest.contentId);
    const content = found instanceof Error ? undefined : found;
    const before = this.#units.get(name);
    const isSame = before?.modRevision === newest.modRevision && before.contentId === newest.contentId;
    if (isSame && before.content === content) return;
    const { contentId, createRevision, hash, modRevision, startCount } = newest;
    const requirements = content === undefined ? undefined : parseRequirements(content.options, name);
    this.#units.set(name, {
      ...{ name, contentId, hash, startCount, createRevision, modRevision, changedAtMs: 0 },
      desiredState: newest.target === "launched" ? "launched" : "loaded",
      content,
      requirements,
    });
  }
}

/** Seats of one transaction are equally new; any order will do that is the same for everybody. */
function isNewer(a: Seat, b: Seat): boolean {
  return a.modRevision === b.modRevision ? a.machine < b.machine : a.modRevision > b.modRevision;
}
