/** An etcd revision: a positive integer that only grows. In a compare, 0 stands for "the key is absent". */
export type Revision = number;

/** Where a record stands in etcd's history; what a guarded write compares. */
export interface Versioned {
  /** The revision at which the key came to be. It does not change while the key lives. */
  readonly createRevision: Revision;
  /** The revision of the newest write to the key. */
  readonly modRevision: Revision;
}
