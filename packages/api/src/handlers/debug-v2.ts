import { jsonAnswer } from "../answer.js";
import type { Handler, Services } from "../services.js";
import { withoutCredentials } from "../without-credentials.js";

/** How many records that cannot be read are named. */
const unreadableMax = 20;

/**
 * `GET /fleet/v2/debug/state`: the conditions of the daemon's parts, in whatever state it is. For people who look for a
 * fault; its fields may change with any version. It holds no credentials and no unit's text.
 */
export const getDebugState: Handler = async (services) => {
  const { availability, counters, debugState } = services;
  const { available, problem = "" } = availability();
  const state = {
    api: { available, problem, answers: counters.answers, underWay: counters.underWay },
    replica: replicaState(services),
    ...debugState?.(),
  };
  return jsonAnswer(withoutCredentials(state), { "Cache-Control": "no-store" });
};

function replicaState({ replica }: Services): object {
  const { condition, problem = "", revision } = replica;
  if (revision === 0) return { condition, problem, revision };
  const view = replica.view();
  return {
    condition,
    problem,
    revision,
    clusterID: view.identity?.uuid,
    epoch: view.identity?.epoch,
    leader: view.leader?.machine,
    machinesKnown: view.machines.size,
    machinesPresent: [...view.machines.values()].filter(({ presence }) => presence !== undefined).length,
    refusals: view.engineStatus?.refusals.length ?? 0,
    holds: view.engineStatus?.machines.length ?? 0,
    units: view.units.size,
    unreadableCount: view.unreadable.length,
    unreadable: view.unreadable.slice(0, unreadableMax),
  };
}
