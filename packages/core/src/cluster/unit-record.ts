import type { Requirements } from "../unit/requirements.js";
import type { UnitContent } from "../unit/unit-content.js";
import type { ContentId, UnitHash } from "../unit/unit-hash.js";
import type { UnitName } from "../unit/unit-name.js";
import type { DesiredState } from "./desired-state.js";
import type { Revision, Versioned } from "./revision.js";
import type { UnitInstances } from "./unit-instance.js";

/** A unit as the users want it: one key, written by API servers only. */
export interface UnitRecord extends Versioned {
  readonly name: UnitName;
  /** Names the exact text that was submitted. */
  readonly contentId: ContentId;
  /** The original's hash, over the options alone. */
  readonly hash: UnitHash;
  readonly desiredState: DesiredState;
  /** Rises when the desired state changes to `launched` and on an explicit restart; never falls. */
  readonly startCount: number;
  /** What is wanted of a global unit on single machines, where that differs; absent: nowhere. */
  readonly instances?: UnitInstances | undefined;
  /** When the record was last changed, by the clock of the server that did it. For people; nothing decides by it. */
  readonly changedAtMs: number;
}

/** A unit record together with what its text asks for. */
export interface Unit extends UnitRecord {
  /** Absent if the text is missing or unreadable: such a unit is left exactly as it is. */
  readonly content: UnitContent | undefined;
  /** What `[X-Fleet]` demands, specifiers expanded. Absent when `content` is. */
  readonly requirements: Requirements | undefined;
}

/** The present fact that a unit was destroyed; the leader's licence to unseat it. */
export interface DestroyedMark extends Versioned {
  readonly name: UnitName;
  /** The mod revision of the record that was destroyed. */
  readonly recordRevision: Revision;
}
