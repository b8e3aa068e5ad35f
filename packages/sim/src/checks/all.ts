import type { World } from "../world.js";
import type { Checker } from "./checker.js";
import { nothingLost } from "./i1-nothing-lost.js";
import { noStopWithoutEvidence } from "./i2-no-stop-without-evidence.js";
import { acknowledgementsAreTrue } from "./i3-acknowledgements.js";
import { eldestStays } from "./i3-eldest-stays.js";
import { machinesHoldRules } from "./i3-machines-hold-rules.js";
import { onlyTheLeaderWrites } from "./i3-only-the-leader-writes.js";
import { rulesHold } from "./i3-rules-hold.js";
import { seatsAsRecorded } from "./i3-seats-as-recorded.js";
import { handsOver } from "./i4-hand-over.js";
import { noNeedlessMove } from "./i4-no-needless-move.js";
import { restIsRest } from "./i4-rest.js";
import { startedOnce } from "./i4-started-once.js";
import { noPileUp } from "./i5-no-pile-up.js";
import { exclusiveMeansOne } from "./i6-exclusive-means-one.js";
import { converges } from "./i7-converges.js";
import { badRecords } from "./i8-bad-records.js";

/** Every invariant, each watched by itself. */
export function allCheckers(world: World): readonly Checker[] {
  return [
    nothingLost(world),
    noStopWithoutEvidence(world),
    onlyTheLeaderWrites(world),
    seatsAsRecorded(world),
    rulesHold(world),
    machinesHoldRules(world),
    acknowledgementsAreTrue(world),
    startedOnce(world),
    eldestStays(world),
    noNeedlessMove(world),
    handsOver(world),
    restIsRest(world),
    noPileUp(world),
    exclusiveMeansOne(world),
    converges(world),
    badRecords(world),
  ];
}
