import { describeStore } from "../contract/describe-store.js";
import { makeMemoryHarness } from "../contract/memory-harness.js";

describeStore("in memory", makeMemoryHarness);
