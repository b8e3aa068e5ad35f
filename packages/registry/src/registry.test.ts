import { describeRegistry } from "./contract/describe-registry.js";
import { makeMemoryHarness } from "./contract/memory-harness.js";

describeRegistry("in memory", makeMemoryHarness);
