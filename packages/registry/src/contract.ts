// What tests of other rooms use: the suites that every store must pass, and time that stands still. Brings vitest along.
export { describeRegistry } from "./contract/describe-registry.js";
export { describeStore } from "./contract/describe-store.js";
export type { MakeHarness, StoreHarness, TestLine, TestSnapshot } from "./contract/harness.js";
export { type Fate, LateStore, writesUnder } from "./contract/late-store.js";
export { makeMemoryHarness } from "./contract/memory-harness.js";
export { silentLogger } from "./contract/silent-logger.js";
export { VirtualClock } from "./contract/virtual-clock.js";
