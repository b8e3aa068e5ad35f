/**
 * The options with which node runs fleetd, as docs/fleetd.md has them in its unit: a daemon that mostly waits need not keep
 * the memory of its busiest moment. What is tried and measured runs with them too.
 */
export const fleetdNodeOptions: readonly string[] = ["--max-semi-space-size=2", "--v8-pool-size=1"];
