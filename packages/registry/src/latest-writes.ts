import type { Revision } from "@fleet/core";
import type { StoredValue } from "./store.js";

/** How many writes are remembered before the older ones are forgotten, and how many of them stay then at least. */
const rememberedMax = 64;
const rememberedMin = 16;

/**
 * The keys of the cluster that were written last, with what was written: by them a history is known again. Revisions alone
 * would not do: an etcd that was restored and went on may have written other values at the same revisions.
 */
export class LatestWrites {
  readonly #writes = new Map<string, Pick<StoredValue, "modRevision" | "value">>();
  #since: Revision = 0;

  /** All keys that were written at this revision or later are remembered. */
  get since(): Revision {
    return this.#since;
  }

  /** How many keys are remembered. */
  get size(): number {
    return this.#writes.size;
  }

  /** Takes note of a write. */
  put({ key, modRevision, value }: StoredValue): void {
    this.#writes.delete(key);
    if (modRevision < this.#since) return;
    this.#writes.set(key, { modRevision, value });
    if (this.#writes.size > rememberedMax) this.#forgetOld();
  }

  /** Takes note of the end of a key. */
  delete(key: string): void {
    this.#writes.delete(key);
  }

  /** Whether a key holds what was written to it last, as far as that is remembered. */
  isAsWritten({ key, modRevision, value }: StoredValue): boolean {
    const known = this.#writes.get(key);
    return known !== undefined && known.modRevision === modRevision && known.value === value;
  }

  /** Whether a key was read with the revision that is remembered, and another value. */
  contradicts({ key, modRevision, value }: StoredValue): boolean {
    const known = this.#writes.get(key);
    return known !== undefined && known.modRevision === modRevision && known.value !== value;
  }

  #forgetOld(): void {
    const revisions = [...this.#writes.values()].map(({ modRevision }) => modRevision).sort((a, b) => b - a);
    this.#since = revisions[rememberedMin - 1] ?? this.#since;
    for (const [key, { modRevision }] of this.#writes) {
      if (modRevision < this.#since) this.#writes.delete(key);
    }
  }
}
