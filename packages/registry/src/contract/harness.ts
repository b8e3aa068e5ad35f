import type { Revision } from "@fleet/core";
import type { Clock, Random } from "@fleet/core/ports";
import type { Store } from "../store.js";

/** The line between a store and its etcd, which a test can break. */
export interface TestLine {
  /** A client whose calls go over this line. */
  readonly store: Store;
  /** Breaks the line until healed. */
  cut(): void;
  /** Breaks what runs now; new calls get through at once. */
  breakOnce(): void;
  /** Holds messages back until healed. */
  stall(direction: "both" | "to-server" | "to-client"): void;
  heal(): void;
  /** Runs an action whose first write takes effect while its answer is lost. */
  losingReply<T>(action: () => Promise<T>): Promise<T>;
}

/** A state of the whole store that a test can go back to. */
export interface TestSnapshot {
  readonly restore: () => Promise<void>;
}

/** A store of its own for one test, with everything that can befall it. */
export interface StoreHarness {
  /** Not affected by any line's faults. */
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  /** One more line with a client of its own. */
  line(): Promise<TestLine>;
  /** Waits for a condition, letting time pass. @throws if it does not come true. */
  until(what: string, check: () => boolean | Promise<boolean>): Promise<void>;
  /** Waits for a promise, letting time pass. */
  finish<T>(promise: Promise<T>): Promise<T>;
  /** Lets time pass, as far as a lease is concerned. */
  pass(ms: number): Promise<void>;
  compact(revision: Revision): Promise<void>;
  /** Loses all data, history and leases; every connection breaks. */
  wipe(): Promise<void>;
  snapshot(): Promise<TestSnapshot>;
  close(): Promise<void>;
}

/** Makes a harness with an empty store. */
export type MakeHarness = () => Promise<StoreHarness>;
