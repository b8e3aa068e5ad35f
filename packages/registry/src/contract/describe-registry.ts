import { describeBelief } from "./describe-belief.js";
import { describeElection } from "./describe-election.js";
import { describeLateWrites } from "./describe-late-writes.js";
import { describeLeaderRegistry } from "./describe-leader-registry.js";
import { describeLifetime } from "./describe-lifetime.js";
import { describeManyWrites } from "./describe-many-writes.js";
import { describeReplica } from "./describe-replica.js";
import { describeSession } from "./describe-session.js";
import { describeUnitRegistry } from "./describe-unit-registry.js";
import type { MakeHarness } from "./harness.js";

/** What everything that is written over `Store` must do, whatever store it is. */
export function describeRegistry(name: string, makeHarness: MakeHarness): void {
  describeUnitRegistry(name, makeHarness);
  describeManyWrites(name, makeHarness);
  describeLeaderRegistry(name, makeHarness);
  describeLateWrites(name, makeHarness);
  describeElection(name, makeHarness);
  describeReplica(name, makeHarness);
  describeSession(name, makeHarness);
  describeLifetime(name, makeHarness);
  describeBelief(name, makeHarness);
}
