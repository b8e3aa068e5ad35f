// What tests of other rooms use: the suites that every store must pass, and time that stands still. Brings vitest along.
export { describeStore } from "./contract/describe-store.js";
export type { MakeHarness, StoreHarness, TestLine, TestSnapshot } from "./contract/harness.js";
export { makeMemoryHarness } from "./contract/memory-harness.js";
export { VirtualClock } from "./contract/virtual-clock.js";
