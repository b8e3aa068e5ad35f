import type { StatusV2 } from "@fleet/client";
import { type ClusterView, type EngineStatus, FleetError, isFleetError } from "@fleet/core";
import { jsonAnswer } from "../answer.js";
import type { Handler, Services } from "../services.js";
import { withTimeLimit } from "../time-limit.js";
import { withoutCredentials } from "../without-credentials.js";

const nothing: Partial<Pick<ClusterView, "engineStatus" | "leader">> = {};

/** How long a copy of the cluster that nobody has needed lately is waited for. */
const wakeMsMax = 1_000;

/** `GET /fleet/v2/status`: what this server knows of itself, whatever state it is in. */
export const getStatus: Handler = async (services, _request, signal) => {
  const { availability, machineId, replica, version } = services;
  if (replica.condition === "idle" && availability().available) await wake(services, signal);
  const { available, problem } = availability();
  const reason = problem ?? replica.problem;
  const { engineStatus, leader } = replica.revision === 0 ? nothing : replica.view();
  const status: StatusV2 = {
    available: available && problem === undefined,
    holds: (engineStatus?.machines ?? []).map(({ machine, held, untilMs }) => ({
      machineID: machine,
      reason: held,
      ...(untilMs === undefined ? {} : { untilMs }),
    })),
    ...engineFields(engineStatus),
    leader: leader?.machine ?? "",
    machineID: machineId,
    replica: replica.condition,
    revision: replica.revision,
    version,
    ...(reason === undefined ? {} : { problem: reason }),
  };
  return jsonAnswer(withoutCredentials(status));
};

/** What the leader says of the whole cluster; nothing of what is not so. */
function engineFields(status: EngineStatus | undefined): Partial<StatusV2> {
  if (status === undefined) return {};
  const { moreRefusals = 0, paced, quarantine, refusals, rollOuts = [] } = status;
  const refused = refusals.length + moreRefusals;
  return {
    ...(refused === 0 ? {} : { refusals: refused }),
    ...(paced === undefined ? {} : { paced }),
    ...(quarantine === undefined ? {} : { quarantine }),
    rollOuts: rollOuts.map(({ left, unit }) => ({ left, name: unit })),
  };
}

/** Lets the copy catch up, so that the leader and its holds are not those of an hour ago; if it cannot, that is told. */
async function wake({ clock, replica }: Services, signal: AbortSignal): Promise<void> {
  const late = (): Error => new FleetError("deadline-exceeded", "the copy of the cluster is not current yet");
  try {
    await withTimeLimit(clock, wakeMsMax, signal, late, (limited) => replica.waitFor(0, limited));
  } catch (error) {
    if (!isFleetError(error)) throw error;
  }
}
