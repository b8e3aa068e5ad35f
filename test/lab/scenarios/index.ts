import type { Scenario } from "../e2e/scenario.js";
import { everyFleetdKilled, fleetdRestarted, leaderKilled, rollingUpgrade } from "./daemon.js";
import {
  etcdAway,
  etcdFollowerLost,
  etcdKilled,
  etcdLeaderAndMachineLost,
  etcdLeaderLost,
  etcdSlow,
} from "./etcd.js";
import { exclusive } from "./exclusive.js";
import { exclusiveLate, exclusiveUnread } from "./exclusive-late.js";
import { exclusiveByOthers, exclusiveWaiting, runFull } from "./exclusive-return.js";
import { exclusiveUnseen } from "./exclusive-unseen.js";
import { clockStepped, diskFull } from "./host.js";
import { fileShadowed, filesLost, traceLost } from "./lost-file.js";
import { mostMachinesCut, twoMachinesLost } from "./mass-loss.js";
import { badRecords, duplicateMachineId, prefixChanged } from "./mistakes.js";
import { manyUnitsLost, powerCut, powerCutForAll, powerCutLeader } from "./power-cut.js";
import { compaction, compactionLong, etcdRestored, etcdWiped } from "./registry.js";
import {
  cutBetweenMachines,
  cutIn,
  cutLeader,
  cutLong,
  cutOut,
  cutShort,
  freezeLong,
  freezeShort,
  slowNetwork,
} from "./silence.js";
import { busRestarted, byHand, daemonReexec, neverStops, reboot, rebootSlow } from "./systemd.js";
import { ttlChanged } from "./ttl-changed.js";

/** Every scenario, in the order in which they are played. */
export const scenarios: readonly Scenario[] = [
  ...[powerCut, powerCutLeader, manyUnitsLost, powerCutForAll, twoMachinesLost, mostMachinesCut],
  ...[freezeShort, freezeLong, cutShort, cutLong, cutLeader, cutOut, cutIn, cutBetweenMachines, slowNetwork],
  ...[
    etcdFollowerLost,
    etcdLeaderLost,
    etcdLeaderAndMachineLost,
    etcdKilled,
    etcdAway,
    etcdSlow,
    etcdWiped,
    etcdRestored,
    compaction,
    compactionLong,
  ],
  ...[leaderKilled, everyFleetdKilled, fleetdRestarted, rollingUpgrade],
  ...[busRestarted, daemonReexec, byHand, neverStops, reboot, rebootSlow],
  ...[filesLost, traceLost, fileShadowed, ttlChanged],
  ...[diskFull, clockStepped],
  ...[
    exclusive,
    exclusiveByOthers,
    exclusiveWaiting,
    exclusiveLate,
    exclusiveUnread,
    exclusiveUnseen,
    runFull,
  ],
  ...[duplicateMachineId, prefixChanged, badRecords],
];
